"""The forum's configuration, and the only place that reads its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from requests.utils import should_bypass_proxies

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 5.0
USERS_URL: Final = "http://jsonplaceholder.typicode.com/users"
"""Plain http on port 80, so that the mesh sees, and may block or allow, where the call goes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes one forum differ from another."""

    users_url: str = USERS_URL
    proxy: str | None = None
    """The HTTP proxy on the way to ``users_url``, if any."""
    local_users: bool = False
    """Answer from a user of our own and call nobody. This would bypass the chapter's egress
    lesson, so no manifest sets it."""
    connect_timeout: float = _CONNECT_SECONDS
    """Seconds to open a connection."""
    read_timeout: float = _READ_SECONDS
    """Seconds between two bytes of the answer. Shorter than the webapp waits for the forum."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read LOCAL_USERS, UPSTREAM_CONNECT_SECONDS, UPSTREAM_READ_SECONDS, http_proxy, no_proxy.

        Raises ValueError naming the variable, its value and what it should be.
        """
        return cls(
            proxy=proxy_for(USERS_URL, environ),
            local_users=environ.get("LOCAL_USERS", "").lower() == "true",
            connect_timeout=_seconds(environ, "UPSTREAM_CONNECT_SECONDS", _CONNECT_SECONDS),
            read_timeout=_seconds(environ, "UPSTREAM_READ_SECONDS", _READ_SECONDS),
        )


def _seconds(environ: Mapping[str, str], variable: str, default: float) -> float:
    text = environ.get(variable)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ValueError(f"{variable} is {text!r}: it must be seconds, above 0 and at most 3600")
    return seconds


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for a plain-http URL by http_proxy, all_proxy and no_proxy, or None.

    As requests does it (lower-case names win), but once: it reads the environment anew for every
    request, which costs more than the rest of a call on a kept connection.
    """

    def variable(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    proxy = variable("http_proxy") or variable("all_proxy")
    if not proxy or should_bypass_proxies(url, no_proxy=variable("no_proxy")):
        return None
    return proxy
