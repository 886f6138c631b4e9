"""Which headers of an incoming request travel on to the users service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PREFIX: Final = "HTTP_X_"
_NAMES: Final = {
    "HTTP_TRACEPARENT": "traceparent",
    "HTTP_TRACESTATE": "tracestate",
    "HTTP_B3": "b3",
}


def forwarded_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Every ``x-*`` header and those of tracing, by lower-case name.

    ``environ`` is a WSGI environment. A repeated ``x-*`` header has its first value there:
    gunicorn.conf.py sees to it, because WSGI itself joins the values by commas. Unlike the
    webapp this hands no Authorization on: the call leaves the mesh for somebody else's server.
    """
    headers = {}
    for key, value in environ.items():
        if key.startswith(_PREFIX):
            headers[key[5:].replace("_", "-").lower()] = value
        elif key in _NAMES:
            headers[_NAMES[key]] = value
    return headers
