"""Calls to the services behind: one pool of connections for the process, with time-outs.

Nothing is retried here; that is the mesh's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter

from webapp.settings import Service, Settings

POOL_SIZE: Final = 64
"""Kept connections per service: at least gunicorn's threads, or the rest would reconnect."""


class UpstreamError(Exception):
    """A service gave no complete HTTP answer; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's complete answer, whatever its status."""

    status: int
    body: bytes


class _ServiceAdapter(HTTPAdapter):
    """The way to one service, worked out once.

    requests looks for proxy, TLS settings and pool anew for every request, which takes a third
    of a call on a kept connection; for one service over plain http they are always the same.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(pool_maxsize=POOL_SIZE, max_retries=0)
        self._through_proxy = service.proxy is not None
        manager = self.proxy_manager_for(service.proxy) if service.proxy else self.poolmanager
        self._pool: urllib3.HTTPConnectionPool = manager.connection_from_url(service.url)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> urllib3.HTTPConnectionPool:
        """The service's pool."""
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: object) -> str:  # noqa: ARG002
        """The request's target: a proxy is told the whole URL, the service only the path."""
        return str(request.url) if self._through_proxy else request.path_url


class Upstream:
    """One service. May be used from several threads at once."""

    def __init__(
        self, session: requests.Session, service: Service, timeout: tuple[float, float]
    ) -> None:
        session.mount(f"{service.url}/", _ServiceAdapter(service))
        self._session = session
        self._url = service.url
        self._timeout = timeout

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """GET ``path`` with these headers. Raises UpstreamError."""
        prepared = _prepared_get(self._url + path).copy()
        prepared.headers.update(headers)
        return self._send(prepared)

    def post_json(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST ``body`` as JSON with these headers. Raises UpstreamError."""
        headers = {**headers, "content-type": "application/json"}
        return self._send(requests.Request("POST", self._url + path, headers, data=body).prepare())

    def _send(self, prepared: requests.PreparedRequest) -> Answer:
        try:
            # proxies={}: the adapter knows; without it requests would ask for them again.
            response = self._session.send(
                prepared, timeout=self._timeout, proxies={}, allow_redirects=False
            )
            return Answer(response.status_code, response.content)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise UpstreamError(f"{prepared.method} {prepared.url}: {error}") from error


@lru_cache(maxsize=64)
def _prepared_get(url: str) -> requests.PreparedRequest:
    """A GET without headers, checked and encoded; to be copied, never changed."""
    return requests.Request("GET", url).prepare()


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The services the webapp calls."""

    catalog: Upstream
    forum: Upstream

    @classmethod
    def connect(cls, settings: Settings) -> Upstreams:
        """Set the pool up; connections are opened when they are first needed."""
        session = requests.Session()
        session.trust_env = False
        # The session serves every client of the shop: a cookie must not pass between them.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        timeout = (settings.connect_timeout, settings.read_timeout)
        return cls(
            catalog=Upstream(session, settings.catalog, timeout),
            forum=Upstream(session, settings.forum, timeout),
        )
