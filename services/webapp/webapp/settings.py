"""The webapp's configuration, and the only place that reads its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from requests.utils import should_bypass_proxies

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service is: its base URL, and the HTTP proxy on the way to it, if any."""

    url: str
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes one webapp differ from another."""

    catalog: Service
    forum: Service
    connect_timeout: float = _CONNECT_SECONDS
    """Seconds to open a connection to a service."""
    read_timeout: float = _READ_SECONDS
    """Seconds between two bytes of a service's answer. Longer than the forum waits itself."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CATALOG_SERVICE_HOST/PORT, FORUM_SERVICE_HOST/PORT, UPSTREAM_CONNECT_SECONDS,
        UPSTREAM_READ_SECONDS, http_proxy and no_proxy.

        Raises ValueError naming the variable, its value and what it should be.
        """
        return cls(
            catalog=_service(environ, "CATALOG", "catalog.istioinaction"),
            forum=_service(environ, "FORUM", "forum.istioinaction"),
            connect_timeout=_seconds(environ, "UPSTREAM_CONNECT_SECONDS", _CONNECT_SECONDS),
            read_timeout=_seconds(environ, "UPSTREAM_READ_SECONDS", _READ_SECONDS),
        )


def _service(environ: Mapping[str, str], name: str, host: str) -> Service:
    host = environ.get(f"{name}_SERVICE_HOST") or host
    variable = f"{name}_SERVICE_PORT"
    text = environ.get(variable) or "80"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"{variable} is {text!r}: it must be a port, 1 to 65535")
    # The mesh routes by the Host header, and that is the bare name on the default port.
    url = f"http://{host}" if int(text) == 80 else f"http://{host}:{int(text)}"
    return Service(url, proxy_for(url, environ))


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
