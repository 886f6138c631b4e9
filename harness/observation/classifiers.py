"""What an answer is, by its status and body. Bodies: what the demo services send.

Labels are few and stable, so that equal answers are counted together: nothing that changes from
answer to answer (a request id, a byte count) becomes part of one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from harness.model import Answer

Classifier = Callable[[Answer], str]

V1: Final = "v1"
V2: Final = "v2"
MIXED_ITEMS: Final = "mixed-items"
"""Items with and without a picture in one list, which no single catalog can send."""
USERS: Final = "users"
BLOCKED: Final = "blocked"
"""The shop could not reach the forum's users: what a closed egress looks like to a client."""
UNREACHABLE: Final = "unreachable"
MALFORMED: Final = "malformed"
REFUSED: Final = "refused"

_ITEM_FIELDS: Final[Mapping[str, type]] = MappingProxyType(
    {"id": int, "color": str, "department": str, "name": str, "price": str}
)
_PICTURE: Final = "imageUrl"
_ERROR_TEXT: Final = "error calling "
"""How webapp's and forum's error texts begin, such as ``error calling Catalog service``."""
_FORUM_ERROR: Final = "error calling Forum service"
_LONGEST_ERROR_TEXT: Final = 60

# A refused connection, and how one looks through a port that something forwards (kind's and
# Docker's published ports accept every connection, then close or reset it if nothing listens
# behind them).
_NOT_LISTENING: Final = frozenset({REFUSED, "reset", "closed without an answer"})


def catalog(answer: Answer) -> str:
    """``v2`` if every item has a picture, ``v1`` if none has; for /items and /api/catalog."""
    if (failure := _failure(answer)) is not None:
        return failure
    items = _records(answer)
    if not items or not all(_is_item(item) for item in items):
        return MALFORMED
    pictured = [_PICTURE in item for item in items]
    if all(pictured):
        return V2
    return MIXED_ITEMS if any(pictured) else V1


def users(answer: Answer) -> str:
    """``users`` for the forum's list, ``blocked`` if webapp could not get it; for /api/users."""
    failure = _failure(answer)
    if failure == _FORUM_ERROR and answer.status == 500:
        return BLOCKED
    if failure is not None:
        return failure
    found = _records(answer)
    return USERS if found and all(_is_user(user) for user in found) else MALFORMED


def reachability(answer: Answer) -> str:
    """``unreachable`` if nothing listens or no route matches, else what was answered."""
    if answer.status == 404 or answer.error in _NOT_LISTENING:
        return UNREACHABLE
    return _unanswered(answer) or f"answered {answer.status}"


CLASSIFIERS: Final[Mapping[str, Classifier]] = MappingProxyType(
    {"catalog": catalog, "users": users, "reachability": reachability}
)
"""By the names that a TrafficCheck uses."""


def _failure(answer: Answer) -> str | None:
    """The label of an answer that is not a 200; None for a 200."""
    if answer.status == 200:
        return None
    if (unanswered := _unanswered(answer)) is not None:
        return unanswered
    text = answer.body.decode("utf-8", "replace").strip()
    if text.startswith(_ERROR_TEXT) and len(text) <= _LONGEST_ERROR_TEXT and text.isprintable():
        return text
    return f"status {answer.status}"


def _unanswered(answer: Answer) -> str | None:
    if answer.status is not None:
        return None
    if answer.error == REFUSED:
        return REFUSED
    return f"no answer: {answer.error or 'reason unknown'}"


def _records(answer: Answer) -> list[dict[str, Any]] | None:
    """The body as a list of JSON objects that is not empty, or None."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, list) or not body:
        return None
    return body if all(isinstance(record, dict) for record in body) else None


def _is_item(item: Mapping[str, Any]) -> bool:
    """Exactly the catalog's fields; a picture, if there is one, is a text that is not empty."""
    if set(item) - {_PICTURE} != set(_ITEM_FIELDS):
        return False
    typed = all(_is(item[name], kind) for name, kind in _ITEM_FIELDS.items())
    return typed and (_PICTURE not in item or (_is(item[_PICTURE], str) and bool(item[_PICTURE])))


def _is_user(user: Mapping[str, Any]) -> bool:
    return _is(user.get("id"), int) and _is(user.get("name"), str) and bool(user["name"])


def _is(value: object, kind: type) -> bool:
    return type(value) is kind  # bool is an int to isinstance, but not in JSON
