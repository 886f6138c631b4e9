"""What an access log of Istio's proxies says; pure functions of its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TEXT: Final = re.compile(rf'"[A-Z]+ ([^ "?]+)\S* HTTP/.*?"([^"]*)" "({_ID})"')
"""In Istio's default format User-Agent and X-Request-Id stand side by side."""
_ID_ONLY: Final = re.compile(_ID)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One line: the request's path without a query, its id, and the User-Agent that sent it."""

    path: str
    request_id: str
    sender: str


def logged_requests(log: str) -> Iterator[LoggedRequest]:
    """The requests of a log, in its order; lines that log none are passed by.

    Understands text lines in Istio's default format and JSON lines. Envoy gives a request its id,
    a UUID, where it enters the mesh; a mirrored copy carries the id of what it copies.
    Source: istio.io/latest/docs/tasks/observability/logs/access-log.
    """
    for line in log.splitlines():
        if line.startswith("{"):
            yield from _of_json(line)
        elif found := _TEXT.search(line):
            yield LoggedRequest(found[1], found[3], found[2])


def request_ids(log: str, path: str) -> frozenset[str]:
    """The x-request-ids of the logged requests for ``path``, with or without a query."""
    return frozenset(each.request_id for each in logged_requests(log) if each.path == path)


def _of_json(line: str) -> Iterator[LoggedRequest]:
    try:
        fields = json.loads(line)
    except ValueError:
        return
    path, request_id = str(fields.get("path")), str(fields.get("request_id"))
    if _ID_ONLY.fullmatch(request_id):
        yield LoggedRequest(path.partition("?")[0], request_id, str(fields.get("user_agent") or ""))
