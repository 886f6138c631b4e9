"""Who gets in: bearer token, Host, Origin, and as whom. Checked before anything else is read.

A page in a browser can make requests to loopback addresses, under a name it controls
(DNS rebinding) or its own Origin; neither is a client of this server. The server's own origin
passes: it serves no pages, and the Python client's WebSocket library sends it.

Impersonation is refused rather than ignored: whoever tries what somebody else may do would be
answered as the one user, who may do everything. A 403 would look like a rule of access of the
cluster, so the answer is a 400. Source of the headers: k8s.io/client-go/transport.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from harness.local.apiserver.statuses import ELSEWHERE, Refusal, bad_request

HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_IMPERSONATING: Final = "impersonate-"
"""How the names of Impersonate-User, -Group, -Uid and -Extra-… begin."""


def admit_client(headers: Mapping[str, str], token: str) -> None:
    """Refusal: 403 wrong Host or foreign Origin, 401 without the token, 400 as somebody else."""
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
    _refuse_impersonation(headers)


def _refuse_impersonation(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name[: len(_IMPERSONATING)].lower() == _IMPERSONATING:
            raise bad_request(
                f"{name[:100]}: {value[:100]!r}: not supported by the local cluster, which has one "
                "user: leave --as, --as-group, --as-uid and --as-user-extra out, or "
                f"{ELSEWHERE}"
            )
