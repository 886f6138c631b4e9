"""One connection to an API server, by the official client: credentials, time-outs, errors."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3
import yaml
from kubernetes import client, config

from harness.errors import EnvironmentCannot, StepFailed

REQUEST_SECONDS: Final = 15.0
"""Time-out of one API request."""
CONNECTIONS: Final = 16
"""Kept open at most: read-back asks for all kinds and proxies at once."""


class ApiRefused(StepFailed):
    """The API server's answer was an error; ``code`` is its HTTP status, ``cause`` its reason."""

    def __init__(self, what: str, code: int, cause: str, message: str, remedy: str) -> None:
        super().__init__(f"{what}: {message}", remedy)
        self.code = code
        self.cause = cause
        self.message = message


class Connection:
    """Requests in JSON to the API server a kubeconfig's current context names.

    Environment proxies are not used: a cluster of this machine is never behind one.
    """

    def __init__(self, kubeconfig: str) -> None:
        settings = client.Configuration()
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                kubeconfig, client_configuration=settings, persist_config=False
            )
        except (config.ConfigException, OSError, yaml.YAMLError) as error:
            raise EnvironmentCannot(
                f"kubeconfig {kubeconfig} cannot be used: {error}",
                "bring the cluster up again, or name another kubeconfig",
            ) from error
        settings.proxy = None
        settings.connection_pool_maxsize = CONNECTIONS
        settings.retries = False
        self._settings = settings
        self._client = client.ApiClient(settings)
        self.host = str(settings.host)

    def close(self) -> None:
        """Close its sockets."""
        self._client.rest_client.pool_manager.clear()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """The decoded answer. Raises ApiRefused for an error status, StepFailed for none."""
        answer = self.raw(method, path, body, query, content_type)
        return json.loads(answer)

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        """Like ``request``, but the answer's bytes."""
        url = self.host + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", **self.authorization()}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            answer = self._client.call_api(
                method, url, headers, body=body, _request_timeout=REQUEST_SECONDS
            )
            data = bytes(answer.read())  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, client.ApiException) as error:
            raise StepFailed(
                f"{method} {path}: the API server at {self.host} did not answer: {error}",
                "see whether the cluster still runs (harness status)",
            ) from error
        if answer.status >= 400:
            raise _refusal(f"{method} {path}", answer.status, data)
        return data

    def authorization(self) -> dict[str, str]:
        """Header with the bearer token, if the kubeconfig has one."""
        token = self._settings.auth_settings().get("BearerToken")
        return {"Authorization": token["value"]} if token and token["value"] else {}

    def tls(self) -> ssl.SSLContext:
        """The same trust and client certificate, for WebSockets."""
        context = ssl.create_default_context(cafile=self._settings.ssl_ca_cert or None)
        if not self._settings.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self._settings.cert_file:
            context.load_cert_chain(self._settings.cert_file, self._settings.key_file or None)
        return context


def segment(value: str) -> str:
    """``value`` as one segment of a path."""
    return quote(value, safe="")


def _refusal(what: str, code: int, data: bytes) -> ApiRefused:
    try:
        status = json.loads(data)
        cause, message = str(status.get("reason", "")), str(status.get("message", ""))
    except (ValueError, AttributeError):
        cause, message = "", data[:300].decode(errors="replace")
    remedy = {
        401: "the kubeconfig belongs to another cluster: bring the cluster up again",
        403: "the kubeconfig's user may not do this",
        422: "correct the fields named above",
        400: "correct the fields named above",
    }.get(code, "")
    return ApiRefused(what, code, cause, message or f"HTTP status {code}", remedy)
