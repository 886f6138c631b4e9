"""The forum: the users of a service outside, passed on as they come."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from forum import Settings, create_app
from forum.settings import USERS_URL
from shop_upstream import Upstream, refusing_port

ERROR = b"error calling Users service\n"
TEXT = "text/plain; charset=utf-8"


def forum(url: str, read_timeout: float = 5.0) -> FlaskClient:
    settings = Settings(users_url=f"{url}/users", read_timeout=read_timeout)
    return create_app(settings).test_client()


def test_the_body_passes_untouched(upstream: Upstream) -> None:
    upstream.body = b'[\n  {"id": 1, "geo": {"lat": "1"} }\n]\xff'
    upstream.headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = forum(upstream.url).get("/api/users")
    assert (answer.status_code, answer.data) == (200, upstream.body)
    assert answer.content_type == "application/json; charset=utf-8"
    assert (upstream.last.method, upstream.last.target) == ("GET", "/users")


def test_without_a_content_type_it_is_json(upstream: Upstream) -> None:
    upstream.headers = {}
    assert forum(upstream.url).get("/api/users").content_type == "application/json"


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 404, 500, 502, 503])
def test_any_other_status_is_a_failure_and_no_redirect_is_followed(
    upstream: Upstream, status: int
) -> None:
    upstream.status, upstream.body = status, b""
    upstream.headers["Location"] = "https://jsonplaceholder.typicode.com/users"
    answer = forum(upstream.url).get("/api/users")
    assert (answer.status_code, answer.data, answer.content_type) == (500, ERROR, TEXT)
    assert len(upstream.asked) == 1


def test_nobody_listens() -> None:
    answer = forum(f"http://127.0.0.1:{refusing_port()}").get("/api/users")
    assert (answer.status_code, answer.data) == (500, ERROR)


def test_connection_closed(upstream: Upstream) -> None:
    upstream.closing = True
    assert forum(upstream.url).get("/api/users").data == ERROR
    assert len(upstream.asked) == 1, "the application does not retry"


def test_silence_ends_by_the_time_out(upstream: Upstream) -> None:
    upstream.silent = True
    assert forum(upstream.url, read_timeout=0.1).get("/api/users").data == ERROR


def test_only_x_and_tracing_headers_leave_the_mesh(upstream: Upstream) -> None:
    forwarded = {"x-request-id": "1", "x-b3-sampled": "0", "traceparent": "00-1-1-01",
                 "tracestate": "a=1", "b3": "1"}  # fmt: skip
    kept_back = {"authorization": "Bearer token", "cookie": "a=b", "accept": "text/html"}
    forum(upstream.url).get("/api/users", headers={**forwarded, **kept_back})
    arrived = {name.lower(): value for name, value in upstream.last.headers.items()}
    assert {name: arrived.get(name) for name in forwarded} == forwarded
    assert not arrived.keys() & kept_back.keys()


def test_through_a_proxy_the_host_is_the_outside_s(upstream: Upstream) -> None:
    upstream.body = b"[1]"
    client = create_app(Settings.from_environ({"http_proxy": upstream.url})).test_client()
    assert client.get("/api/users").data == b"[1]"
    assert upstream.last.target == "http://jsonplaceholder.typicode.com/users"
    assert upstream.last.headers["Host"] == "jsonplaceholder.typicode.com"


@pytest.mark.parametrize("environ", [{}, {"http_proxy": "http://p", "no_proxy": "typicode.com"}])
def test_no_proxy(environ: dict[str, str]) -> None:
    settings = Settings.from_environ(environ)
    assert (settings.proxy, settings.users_url) == (None, USERS_URL)


@pytest.mark.parametrize(
    ("value", "local"),
    [("true", True), ("TRUE", True), ("", False), ("false", False), ("1", False)],
)
def test_local_users_are_asked_for_by_true_only(value: str, local: bool) -> None:
    assert Settings.from_environ({"LOCAL_USERS": value}).local_users is local


def test_local_users_call_nobody(upstream: Upstream) -> None:
    settings = Settings(users_url=upstream.url, local_users=True)
    answer = create_app(settings).test_client().get("/api/users")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert [user["id"] for user in answer.json] == [1]
    assert not upstream.asked


@pytest.mark.parametrize("seconds", ["0", "soon"])
def test_a_time_out_that_is_none_is_named(seconds: str) -> None:
    with pytest.raises(ValueError, match="UPSTREAM_CONNECT_SECONDS is"):
        Settings.from_environ({"UPSTREAM_CONNECT_SECONDS": seconds})


def test_health_and_refusals(upstream: Upstream) -> None:
    client = forum(upstream.url)
    assert client.get("/api/healthz").status_code == 200
    wrong = client.get("/nowhere")
    assert (wrong.status_code, wrong.data, wrong.content_type) == (404, b"Not Found", TEXT)
    assert client.post("/api/users").headers["Allow"]
    assert not upstream.asked
