"""Requests found in access logs, as Istio's proxies write them."""

from __future__ import annotations

import json

from harness.observation import LoggedRequest, logged_requests

FIRST = "f2c9658e-f155-4d42-a0d8-a8017062e50c"
SECOND = "0d6c9a1b-6b0e-4f0b-9d3e-3f1c2b5a7e10"


def text(path: str, request_id: str) -> str:
    return (
        f'[2026-11-24T03:33:46.495Z] "GET {path} HTTP/1.1" 200 - via_upstream - "-" 0 502 7 6 '
        f'"192.0.2.2" "curl/7.88.1" "{request_id}" "catalog.istioinaction" "127.0.0.1:3000" '
        "inbound|3000|| - 127.66.1.2:3000 192.0.2.2:0 - default\n"
    )


def test_the_path_is_read_without_its_query() -> None:
    log = text("/items", FIRST) + text("/items?page=2", SECOND) + text("/items/1", FIRST)
    assert [each.path for each in logged_requests(log)] == ["/items", "/items", "/items/1"]


def test_json_lines() -> None:
    lines = [
        json.dumps({"method": "GET", "path": "/items", "request_id": FIRST}),
        json.dumps({"path": "/items?x=1", "request_id": SECOND, "response_code": 503}),
        json.dumps({"method": "GET", "path": "/items/2", "request_id": "no id"}),
    ]
    assert list(logged_requests("\n".join(lines))) == [
        LoggedRequest("/items", FIRST, "", 0),
        LoggedRequest("/items", SECOND, "", 503),
    ]


def test_a_form_of_somebody_s_own_still_tells_the_id() -> None:
    log = f'"GET /items HTTP/2" 200 id="{FIRST}"\n"GET /items HTTP/1.1" "{SECOND}"\n'
    assert list(logged_requests(log)) == [
        LoggedRequest("/items", FIRST, "", 200),
        LoggedRequest("/items", SECOND, "", 0),
    ]


def test_a_hop_that_traces_a_request_does_not_change_who_it_is() -> None:
    traced = SECOND[:14] + "9" + SECOND[15:]
    as_json = json.dumps({"path": "/items", "request_id": traced})
    assert {each.request_id for each in logged_requests(text("/", traced) + as_json)} == {SECOND}


def test_who_sent_a_request_stands_beside_its_id() -> None:
    as_json = json.dumps({"path": "/items?x=1", "request_id": SECOND, "user_agent": "curl/8"})
    noise = '[info] envoy main: starting\n{"level": "info"}\n{broken\n'
    assert list(logged_requests(text("/items?page=2", FIRST) + noise + as_json)) == [
        LoggedRequest("/items", FIRST, "curl/7.88.1", 200),
        LoggedRequest("/items", SECOND, "curl/8", 0),
    ]
