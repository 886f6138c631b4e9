"""Header forwarding: half of the chapter's routing rests on it."""

from __future__ import annotations

import json
import socket

import pytest
from shop_gunicorn import serve
from shop_upstream import ITEM, USER, Upstream
from webapp import Settings, create_app
from webapp.forwarding import forwarded_headers
from webapp.settings import Service

FORWARDED = {
    "x-istio-cohort": "internal",
    "x-request-id": "3f0e",
    "x-b3-traceid": "80f198ee56343ba8",
    "x-forwarded-for": "10.0.0.1, 10.0.0.2",
    "x-anything": "at all",
    "authorization": "Bearer token",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=1,b=2",
    "b3": "1-1-1",
}
KEPT_BACK = {
    "accept": "text/html",
    "accept-language": "de",
    "cookie": "a=b",
    "user-agent": "curl/8",
    "referer": "http://example.com/",
    "cache-control": "no-cache",
    "xfoo": "no dash after the x",
    "b3x": "1",
}


@pytest.mark.parametrize("path", ["/api/catalog", "/api/catalog/items/1", "/api/users"])
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_these_headers_travel_on_and_no_others(
    upstream: Upstream, path: str, spelling: type[str]
) -> None:
    upstream.body = json.dumps([USER if path == "/api/users" else ITEM]).encode()
    client = create_app(Settings(Service(upstream.url), Service(upstream.url))).test_client()
    sent = {spelling(name): value for name, value in {**FORWARDED, **KEPT_BACK}.items()}
    client.get(path, headers=sent)
    arrived = {name.lower(): value for name, value in upstream.last.headers.items()}
    assert {name: arrived.get(name) for name in FORWARDED} == FORWARDED
    assert not {name for name, value in KEPT_BACK.items() if arrived.get(name) == value}
    # What is left is the call's own.
    own = {"host", "accept-encoding", "user-agent"}
    assert arrived.keys() - FORWARDED.keys() == own
    assert arrived["accept-encoding"] == "identity"


def test_a_request_s_headers_do_not_stick_to_the_next(upstream: Upstream) -> None:
    upstream.body = json.dumps([ITEM]).encode()
    client = create_app(Settings(Service(upstream.url), Service(upstream.url))).test_client()
    client.get("/api/catalog", headers=FORWARDED)
    client.get("/api/catalog")
    assert not upstream.last.headers.keys() & FORWARDED.keys()


def test_only_what_arrived_is_forwarded() -> None:
    assert forwarded_headers({"REQUEST_METHOD": "GET", "HTTP_HOST": "x"}) == {}


@pytest.mark.parametrize("service", ["webapp", "forum"])
def test_of_a_repeated_header_the_first_value_travels_on(service: str, upstream: Upstream) -> None:
    """Under the real server, as only it sees the lines; a comma in a value splits nothing."""
    upstream.body = json.dumps([USER]).encode()
    environment = {"http_proxy": upstream.url}  # stands in for every host there is
    with serve(service, environment) as served, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(served.socket_path)
        client.sendall(
            b"GET /api/users HTTP/1.1\r\nHost: webapp\r\nConnection: close\r\n"
            b"x-istio-cohort: internal, first\r\nX-Istio-Cohort: public\r\n"
            b"tracestate: a=1\r\ntracestate: b=2\r\n\r\n"
        )
        assert client.recv(12) == b"HTTP/1.1 200"
    assert upstream.last.headers.get_all("x-istio-cohort") == ["internal, first"]
    assert upstream.last.headers["tracestate"] == "a=1,b=2", "a list, to be kept whole"
