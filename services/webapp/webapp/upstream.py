"""Calls to the services behind: one pool of connections for the process, with time-outs.

Nothing is retried here; that is the mesh's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
import urllib3
from requests.adapters import HTTPAdapter

from webapp.settings import Service, Settings

POOL_SIZE: Final = 32
"""Kept connections per service: at least gunicorn's threads, or the rest would reconnect."""


class UpstreamError(Exception):
    """A service gave no complete HTTP answer; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's complete answer, whatever its status."""

    status: int
    body: bytes


class Upstream:
    """One service. May be used from several threads at once."""

    def __init__(
        self, session: requests.Session, service: Service, timeout: tuple[float, float]
    ) -> None:
        self._session = session
        self._url = service.url
        self._timeout = timeout
        self._proxies = {"http": service.proxy} if service.proxy else {}

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """GET ``path`` with exactly these headers. Raises UpstreamError."""
        return self._send("GET", path, headers, None)

    def post_json(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST ``body`` as JSON with these headers. Raises UpstreamError."""
        return self._send("POST", path, {**headers, "content-type": "application/json"}, body)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        url = self._url + path
        prepared = requests.Request(method, url, headers, data=body).prepare()
        try:
            response = self._session.send(
                prepared, timeout=self._timeout, proxies=self._proxies, allow_redirects=False
            )
            return Answer(response.status_code, response.content)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise UpstreamError(f"{method} {url}: {error}") from error


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
        session.mount("http://", HTTPAdapter(pool_maxsize=POOL_SIZE, max_retries=0))
        timeout = (settings.connect_timeout, settings.read_timeout)
        return cls(
            catalog=Upstream(session, settings.catalog, timeout),
            forum=Upstream(session, settings.forum, timeout),
        )
