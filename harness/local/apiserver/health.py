"""Whether the cluster is up, as /livez, /readyz and the older /healthz say it.

Source of codes and words: k8s.io/apiserver/pkg/server/healthz.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from multidict import MultiMapping

LIVE: Final = "livez"
ENDPOINTS: Final = frozenset({"healthz", "readyz", LIVE})
PING: Final = "ping"
ROOMS: Final = "poststarthook/start-rooms"
"""Fails while the rooms behind the API are still being started."""


def answer(parts: Sequence[str], query: MultiMapping[str], *, ready: bool) -> web.Response:
    """The answer of an endpoint, or of one of its checks: ``/readyz``, ``/readyz/ping``."""
    endpoint, check = parts[0], "/".join(parts[1:])
    checks = {PING: True} if endpoint == LIVE else {PING: True, ROOMS: ready}
    if not check:
        return _all(endpoint, checks, query)
    if check not in checks:
        return _text("404 page not found\n", 404)
    return _text("ok") if checks[check] else _text("internal server error: not finished\n", 500)


def _all(endpoint: str, checks: dict[str, bool], query: MultiMapping[str]) -> web.Response:
    """``ok`` if every check passes; a line each on failure and for ``?verbose``."""
    excluded = set(query.getall("exclude", []))
    lines = []
    for check, passed in checks.items():
        if check in excluded:
            lines.append(f"[+]{check} excluded: ok")
        else:
            lines.append(f"[+]{check} ok" if passed else f"[-]{check} failed: reason withheld")
    if unknown := sorted(excluded - set(checks)):
        names = ",".join(map(json.dumps, unknown))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    if not all(passed for check, passed in checks.items() if check not in excluded):
        return _text("\n".join([*lines, f"{endpoint} check failed\n"]), 500)
    if "verbose" not in query:
        return _text("ok")
    return _text("\n".join([*lines, f"{endpoint} check passed\n"]))


def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, headers={"X-Content-Type-Options": "nosniff"})
