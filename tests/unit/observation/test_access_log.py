"""Requests found in access logs, as Istio's proxies write them."""

from __future__ import annotations

import json

from harness.observation import LoggedRequest, logged_requests, request_ids

FIRST = "f2c9658e-f155-4d42-a0d8-a8017062e50c"
SECOND = "0d6c9a1b-6b0e-4f0b-9d3e-3f1c2b5a7e10"


def text(path: str, request_id: str) -> str:
    return (
        f'[2026-11-24T03:33:46.495Z] "GET {path} HTTP/1.1" 200 - via_upstream - "-" 0 502 7 6 '
        f'"192.0.2.2" "curl/7.88.1" "{request_id}" "catalog.istioinaction" "127.0.0.1:3000" '
        "inbound|3000|| - 127.66.1.2:3000 192.0.2.2:0 - default\n"
    )


def test_each_request_for_the_path_counts_once() -> None:
    log = text("/items", FIRST) + text("/items?page=2", SECOND) + text("/items", FIRST)
    assert request_ids(log, "/items") == {FIRST, SECOND}


def test_other_paths_and_other_lines_do_not_count() -> None:
    log = text("/items/1", FIRST) + text("/health", SECOND) + 'warn "GET /items HTTP/1.1"\n'
    assert request_ids(log, "/items") == frozenset()


def test_the_path_is_not_a_pattern() -> None:
    assert request_ids(text("/itemsX1", FIRST), "/items.1") == frozenset()


def test_json_lines() -> None:
    lines = [
        json.dumps({"method": "GET", "path": "/items", "request_id": FIRST}),
        json.dumps({"method": "GET", "path": "/items?x=1", "request_id": SECOND}),
        json.dumps({"method": "GET", "path": "/items/2", "request_id": SECOND[::-1]}),
    ]
    assert request_ids("\n".join(lines), "/items") == {FIRST, SECOND}


def test_who_sent_a_request_stands_beside_its_id() -> None:
    as_json = json.dumps({"path": "/items?x=1", "request_id": SECOND, "user_agent": "curl/8"})
    noise = '[info] envoy main: starting\n{"level": "info"}\n{broken\n'
    assert list(logged_requests(text("/items?page=2", FIRST) + noise + as_json)) == [
        LoggedRequest("/items", FIRST, "curl/7.88.1"),
        LoggedRequest("/items", SECOND, "curl/8"),
    ]
