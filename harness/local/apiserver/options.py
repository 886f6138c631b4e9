"""Query parameters of the API, parsed once into frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from harness.local.apiserver.statuses import bad_request

DEFAULT_WATCH_SECONDS: Final = 3600.0
"""A watch ends after this long unless the client asks otherwise; clients then watch again."""
MAX_INTEGER: Final = 10**12


class FieldValidation(StrEnum):
    """What becomes of unknown fields (source: metav1.CreateOptions.fieldValidation)."""

    IGNORE = "Ignore"
    WARN = "Warn"
    STRICT = "Strict"


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Query of create, update and patch."""

    dry_run: bool = False
    validation: FieldValidation = FieldValidation.WARN
    manager: str = ""
    force: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str], agent: str = "") -> WriteOptions:
        """Refusal 400 for values the API does not know; ``agent`` is the manager's default."""
        try:
            validation = FieldValidation(query.get("fieldValidation") or "Warn")
        except ValueError as error:
            raise bad_request(
                f'fieldValidation: Unsupported value: "{query["fieldValidation"]}": supported '
                'values: "Ignore", "Strict", "Warn"'
            ) from error
        manager = query.get("fieldManager", "")
        if len(manager) > 128 or not manager.isprintable():
            raise bad_request("fieldManager must be at most 128 printable characters")
        return cls(
            dry_run=parse_dry_run(query.get("dryRun", "")),
            validation=validation,
            manager=manager or agent,
            force=flag(query, "force"),
        )


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions. ``grace`` in seconds, None for the kind's own."""

    grace: int | None = None
    propagation: str = ""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str], body: Mapping[str, Any]) -> DeleteOptions:
        """From query and body, the query first; Refusal 400 for malformed values."""
        grace: Any = query.get("gracePeriodSeconds") or body.get("gracePeriodSeconds")
        if isinstance(grace, str):
            grace = int(grace) if grace.isascii() and grace.isdigit() and len(grace) < 10 else -1
        if grace is not None and (type(grace) is not int or grace < 0):
            raise bad_request("gracePeriodSeconds must be a whole number of seconds, 0 or more")
        dry_run = query.get("dryRun") or _only_string(body, "dryRun")
        conditions = body.get("preconditions") or {}
        propagation = query.get("propagationPolicy") or body.get("propagationPolicy") or ""
        if propagation not in ("", "Background", "Foreground", "Orphan"):
            raise bad_request(
                f'propagationPolicy: Unsupported value: "{propagation}": supported values: '
                '"Foreground", "Background", "Orphan", "nil"'
            )
        orphan = flag(query, "orphanDependents") if "orphanDependents" in query else None
        if orphan is None:
            orphan = body.get("orphanDependents")
        if orphan is not None and not isinstance(orphan, bool):
            raise bad_request("orphanDependents must be a boolean")
        if orphan is not None and propagation:
            raise bad_request(
                f'propagationPolicy: Invalid value: "{propagation}": orphanDependents and '
                "deletionPropagation cannot be both set"
            )
        if orphan is not None:
            propagation = "Orphan" if orphan else "Background"
        if not isinstance(conditions, Mapping):
            raise bad_request("preconditions must be an object")
        return cls(
            grace=grace,
            propagation=propagation,
            uid=conditions.get("uid"),
            resource_version=conditions.get("resourceVersion"),
            dry_run=parse_dry_run(dry_run),
        )


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Query of list, watch and deletecollection. ``timeout`` in seconds."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    continuation: str = ""
    resource_version: str = ""
    match: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial_events: bool = False
    timeout: float = DEFAULT_WATCH_SECONDS

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> ListOptions:
        """Refusal 400 for values the API does not know."""
        return cls(
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            limit=integer(query, "limit") or 0,
            continuation=query.get("continue", ""),
            resource_version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            watch=flag(query, "watch"),
            bookmarks=flag(query, "allowWatchBookmarks"),
            initial_events=flag(query, "sendInitialEvents"),
            timeout=float(integer(query, "timeoutSeconds") or DEFAULT_WATCH_SECONDS),
        )


def _only_string(body: Mapping[str, Any], field: str) -> str:
    """The one string of a list in a request's body; empty if there is none."""
    given = body.get(field) or []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise bad_request(f"{field} must be a list of strings")
    if len(given) > 1:
        raise bad_request(f"{field}: Too many: {len(given)}: must have at most 1 item")
    return given[0] if given else ""


def parse_dry_run(value: str) -> bool:
    """``dryRun``: empty or All."""
    if value not in ("", "All"):
        raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
    return value == "All"


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter as Go's strconv.ParseBool reads it; absent is false."""
    value = query.get(name, "")
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("", "0", "f", "F", "false", "FALSE", "False"):
        return False
    raise bad_request(f"{name}: {value!r} is not a boolean")


def integer(query: Mapping[str, str], name: str) -> int | None:
    """A parameter that is a whole number of 0 or more; None if absent."""
    value = query.get(name, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > 12:
        raise bad_request(f"{name}: {value[:40]!r} is not a whole number from 0 to {MAX_INTEGER}")
    return int(value)
