"""Who gets in: bearer token, Host and Origin. Checked before anything of a request is read.

A page in a browser can make requests to loopback addresses, under a name it controls
(DNS rebinding) or its own Origin; neither is a client of this server. The server's own origin
passes: it serves no pages, and the Python client's WebSocket library sends it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from harness.local.apiserver.statuses import Refusal

HOSTS: Final = frozenset({"127.0.0.1", "localhost"})


def admit_client(headers: Mapping[str, str], token: str) -> None:
    """Refusal 403 for a wrong Host or a foreign Origin, 401 without the token."""
    host = headers.get("Host", "")
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "0")
    if name not in HOSTS or not port.isdigit():
        raise Refusal(403, "Forbidden", f"Host {host[:100]!r} is not this server's name")
    if headers.get("Origin", f"https://{host}") != f"https://{host}":
        raise Refusal(403, "Forbidden", "requests of web pages (of another Origin) are not served")
    scheme, _, sent = headers.get("Authorization", "").partition(" ")
    expected = token.encode()
    given = sent.strip().encode(errors="replace")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
        raise Refusal(401, "Unauthorized", "Unauthorized", headers={"WWW-Authenticate": "Bearer"})
