"""Which headers of an incoming request travel on to the services behind.

Half of the chapter rests on this: a sidecar can route an outgoing call by a header, or join it to
a trace, only if the application hands on what it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PREFIX: Final = "HTTP_X_"
_NAMES: Final = {
    "HTTP_AUTHORIZATION": "authorization",
    "HTTP_TRACEPARENT": "traceparent",
    "HTTP_TRACESTATE": "tracestate",
    "HTTP_B3": "b3",
}


def forwarded_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Every ``x-*`` header and those of identity and tracing, by lower-case name.

    ``environ`` is a WSGI environment. A repeated ``x-*`` header has its first value there:
    gunicorn.conf.py sees to it, because WSGI itself joins the values by commas.
    """
    headers = {}
    for key, value in environ.items():
        if key.startswith(_PREFIX):
            headers[key[5:].replace("_", "-").lower()] = value
        elif key in _NAMES:
            headers[_NAMES[key]] = value
    return headers
