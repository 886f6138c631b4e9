"""What an access log of Istio's proxies says; a pure function of its text."""

from __future__ import annotations

import re

_ID = re.compile(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


def request_ids(log: str, path: str) -> frozenset[str]:
    """The x-request-ids of the logged requests for ``path``, with or without a query.

    Understands text lines in Istio's default format and JSON lines. Envoy gives a request its id,
    a UUID, where it enters the mesh; a mirrored copy carries the id of what it copies.
    Source: istio.io/latest/docs/tasks/observability/logs/access-log.
    """
    escaped = re.escape(path)
    request = re.compile(rf'"[A-Z]+ {escaped}(\?[^ ]*)? HTTP/|"path": ?"{escaped}[?"]')
    lines = (line for line in log.splitlines() if request.search(line))
    return frozenset(found[1] for line in lines if (found := _ID.search(line)))
