"""What the store refuses, in the API's own terms.

    StoreError           code, reason, message, details → a ``Status`` object
    ├── NotFound         404 NotFound
    ├── AlreadyExists    409 AlreadyExists
    ├── Conflict         409 Conflict: resourceVersion or uid precondition
    ├── Forbidden        403 Forbidden: namespace missing its life, or kind not allowed here
    ├── Invalid          422 Invalid: causes name fields
    └── Expired          410 Expired: the watch history no longer reaches back that far

Source of codes and reasons: k8s.io/apimachinery/pkg/api/errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Cause:
    """One field's fault, as ``details.causes`` carries it."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class StoreError(Exception):
    """A refusal. ``message`` is what kubectl prints after ``Error from server (Reason):``."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        group: str = "",
        kind: str = "",
        name: str = "",
        causes: Sequence[Cause] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.group = group
        self.kind = kind
        self.name = name
        self.causes = tuple(causes)

    def status(self) -> Mapping[str, Any]:
        """The refusal as a ``Status`` object of API version v1."""
        details: dict[str, Any] = {}
        if self.name:
            details["name"] = self.name
        if self.group:
            details["group"] = self.group
        if self.kind:
            details["kind"] = self.kind
        if self.causes:
            details["causes"] = [
                {"reason": cause.reason, "message": cause.message, "field": cause.field}
                for cause in self.causes
            ]
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({"details": details} if details else {}),
            "code": self.code,
        }


class NotFound(StoreError):
    """No such object."""

    code = 404
    reason = "NotFound"


class AlreadyExists(StoreError):
    """An object of that name exists."""

    code = 409
    reason = "AlreadyExists"


class Conflict(StoreError):
    """The object changed since the caller read it, or is another of the same name."""

    code = 409
    reason = "Conflict"


class Forbidden(StoreError):
    """Not allowed, whoever asks: for example creating in a terminating namespace."""

    code = 403
    reason = "Forbidden"


class Invalid(StoreError):
    """The object is not sound; ``causes`` names the fields."""

    code = 422
    reason = "Invalid"


class Expired(StoreError):
    """The watch history does not reach back to the asked resourceVersion: list again."""

    code = 410
    reason = "Expired"
