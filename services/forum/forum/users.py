"""Where the users come from: the service outside, or one user of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter

from forum.settings import Settings

POOL_SIZE: Final = 32
"""Kept connections: at least gunicorn's threads, or the rest would reconnect."""

_LOCAL_USERS: Final = (
    {
        "id": 1,
        "name": "Local User",
        "username": "local",
        "email": "local@example.com",
        "address": {
            "street": "Loopback Lane",
            "suite": "Suite 127",
            "city": "Localhost",
            "zipcode": "00001",
        },
        "phone": "555-0100",
        "website": "example.com",
        "company": {
            "name": "Example Company",
            "catchPhrase": "Answers without a call",
            "bs": "stand in for the users service",
        },
    },
)


class UsersUnavailable(Exception):
    """The users service gave no usable answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Users:
    """The users as the service sent them."""

    body: bytes
    content_type: str


class UsersSource(Protocol):
    """Somewhere to get the users from; may be used from several threads at once."""

    def fetch(self, headers: Mapping[str, str]) -> Users:
        """The users, asked for with these headers. Raises UsersUnavailable."""


class LocalUsers:
    """One canned user; calls nobody."""

    def fetch(self, headers: Mapping[str, str]) -> Users:  # noqa: ARG002
        """The canned user."""
        return Users(json.dumps(_LOCAL_USERS).encode(), "application/json")


class RemoteUsers:
    """The service outside, by one pool of connections for the process. Nothing is retried."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.users_url
        self._proxies = {"http": settings.proxy} if settings.proxy else {}
        self._timeout = (settings.connect_timeout, settings.read_timeout)
        self._session = requests.Session()
        self._session.trust_env = False
        # The session serves every client: a cookie must not pass between them.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("http://", HTTPAdapter(pool_maxsize=POOL_SIZE, max_retries=0))

    def fetch(self, headers: Mapping[str, str]) -> Users:
        """GET the users; a redirect is refused, as it would lead past the mesh's port 80."""
        prepared = requests.Request("GET", self._url, headers).prepare()
        try:
            response = self._session.send(
                prepared, timeout=self._timeout, proxies=self._proxies, allow_redirects=False
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise UsersUnavailable(f"GET {self._url}: {error}") from error
        if response.status_code != 200:
            raise UsersUnavailable(f"GET {self._url}: it answered {response.status_code}")
        return Users(response.content, response.headers.get("Content-Type", "application/json"))
