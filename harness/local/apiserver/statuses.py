"""``Status`` objects: every refusal and every plain success of the API.

Words and codes follow k8s.io/apimachinery/pkg/api/errors, because kubectl prints them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.local.contracts import NodeError
from harness.local.store import Resource, StoreError
from harness.local.store.errors import Cause

_SHOWN: Final = 253
"""Characters of a name that errors repeat; longer ones are no names."""
ELSEWHERE: Final = "use a full cluster for it: make e2e CLUSTER=kind, or CLUSTER=context:NAME"


class Refusal(Exception):
    """The API server's own refusals (those of the store are StoreError)."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


def failure(
    code: int, reason: str, message: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A ``Status`` of status Failure."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        **({"details": dict(details)} if details else {}),
        "code": code,
    }


def success(details: Mapping[str, Any]) -> dict[str, Any]:
    """The ``Status`` that answers a delete."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": dict(details),
    }


def status_of(error: Refusal | StoreError | NodeError) -> Mapping[str, Any]:
    """Any refusal as a ``Status``; ``code`` in it is the HTTP status."""
    if isinstance(error, StoreError):
        return error.status()
    details = error.details if isinstance(error, Refusal) else None
    return failure(error.code, error.reason, error.message, details)


def bad_request(message: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", message)


def unknown_path() -> Refusal:
    """404 for a path that names nothing."""
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def unsupported(what: str, code: int = 405, reason: str = "MethodNotAllowed") -> Refusal:
    """What the local cluster does not do, and what does it."""
    return Refusal(code, reason, f"{what}: not supported by the local cluster; {ELSEWHERE}")


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refusal:
    """422: the object's fields are not sound."""
    name = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
    faults = [
        f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes
    ]
    listed = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return Refusal(
        422,
        "Invalid",
        f'{qualified} "{name}" is invalid: {listed}',
        {
            "name": name,
            **({"group": resource.group} if resource.group else {}),
            "kind": resource.kind,
            "causes": [
                {"reason": cause.reason, "message": cause.message, "field": cause.field}
                for cause in causes
            ],
        },
    )


def gone(message: str) -> Refusal:
    """410: list again."""
    return Refusal(410, "Expired", message)
