"""Whether the cluster is up, as /livez, /readyz and the older /healthz say it.

Source of codes and words: k8s.io/apiserver/pkg/server/healthz.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

LIVE: Final = "livez"
CHECKS: Final = frozenset({"healthz", "readyz", LIVE})
_STARTING: Final = "[+]ping ok\n[-]poststarthook/start-rooms failed: reason withheld\n"


def answer(check: str, *, ready: bool) -> web.Response:
    """``ok``, or 500 while the rooms behind the API are still being started."""
    if ready or check == LIVE:
        return web.Response(text="ok")
    return web.Response(status=500, text=f"{_STARTING}{check} check failed\n")
