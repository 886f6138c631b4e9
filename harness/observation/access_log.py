"""What an access log of Istio's proxies says; pure functions of its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TEXT: Final = re.compile(
    rf'"[A-Z]+ ([^ "?]+)\S* HTTP/[^"]*"(?: (\d+))?.*?(?:"([^"]*)" )?"({_ID})"'
)
"""In Istio's default format User-Agent and X-Request-Id stand side by side."""
_ID_ONLY: Final = re.compile(_ID)
_TRACED: Final = 14
"""Where an id says whether it is traced: each hop may write its own decision there."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One line: the request's path without a query, its id, who sent it, and the answer's status.

    ``sender`` is its User-Agent. The status is 0 where there was no answer or the line has none.
    """

    path: str
    request_id: str
    sender: str
    status: int


def logged_requests(log: str) -> Iterator[LoggedRequest]:
    """The requests of a log, in its order; lines that log none are passed by.

    Understands text lines in Istio's default format and JSON lines. Envoy gives a request its id,
    a UUID, where it enters the mesh; a mirrored copy carries the id of what it copies.
    Source: istio.io/latest/docs/tasks/observability/logs/access-log. The id's version digit is
    made the same in all of them, since a proxy that samples traces changes it
    (Envoy, source/extensions/request_id/uuid/config.cc).
    """
    for line in log.splitlines():
        if line.startswith("{"):
            yield from _of_json(line)
        elif found := _TEXT.search(line):
            path, status, sender, request_id = found.groups()
            yield LoggedRequest(path, _untraced(request_id), sender or "", int(status or 0))


def _of_json(line: str) -> Iterator[LoggedRequest]:
    try:
        fields = json.loads(line)
    except ValueError:
        return
    path, request_id = str(fields.get("path")), str(fields.get("request_id"))
    if _ID_ONLY.fullmatch(request_id):
        status = fields.get("response_code")
        yield LoggedRequest(
            path.partition("?")[0],
            _untraced(request_id),
            str(fields.get("user_agent") or ""),
            status if isinstance(status, int) else 0,
        )


def _untraced(request_id: str) -> str:
    return f"{request_id[:_TRACED]}4{request_id[_TRACED + 1 :]}"
