"""Checks against a real server: how much is sent, and what comes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest

from harness.errors import StepFailed
from harness.model import (
    CheckResult,
    MirrorCheck,
    ProxySelector,
    Region,
    Request,
    Shares,
    TrafficCheck,
)
from harness.run import checks

ITEM = {"id": 1, "color": "amber", "department": "Eyewear", "name": "Glasses", "price": "282.00"}
V1 = json.dumps([ITEM]).encode()
V2 = json.dumps([{**ITEM, "imageUrl": "http://lorempixel.com/640/480"}]).encode()
NINETY_TEN = TrafficCheck(
    Request("/items", "catalog.istioinaction.io"), "catalog", Shares({"v1": 0.9, "v2": 0.1})
)

Script = Callable[[int], tuple[int, bytes]]


@contextmanager
def serving(script: Script) -> Iterator[tuple[str, Callable[[], int]]]:
    """A server that answers its i-th request as told; its address, and how many it answered."""
    tickets = count()
    answered = count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # One segment an answer; two would wait for each other (Nagle).

        def do_GET(self) -> None:
            status, body = script(next(tickets))
            next(answered)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", lambda: next(answered)
        finally:
            server.shutdown()
            thread.join()


def made(check: TrafficCheck, script: Script) -> tuple[CheckResult, int]:
    """The result, and how many requests the server answered for it."""
    with serving(script) as (url, answered):
        # No cluster is asked anything by a check of traffic.
        result = checks.make(check, None, url)  # type: ignore[arg-type]
        return result, answered()


def parts(v2_of_hundred: int) -> Script:
    """Of each hundred answers in a row, so many are v2's."""
    return lambda i: (200, V2 if i % 100 < v2_of_hundred else V1)


def test_a_right_split_is_passed_at_the_first_look_that_decides() -> None:
    result, answered = made(NINETY_TEN, parts(10))
    assert result.passed
    assert result.n == answered == 300
    assert result.counts == {"v1": 270, "v2": 30}
    assert "decided after 300 of at most 1050" in result.reason
    assert [(r.low, r.high) for r in result.regions] == [(270, 273), (27, 30)]


def test_a_doubtful_split_is_sampled_until_the_schedule_ends_and_then_decided() -> None:
    result, answered = made(NINETY_TEN, parts(15))
    assert not result.passed
    assert result.n == answered == sum(result.counts.values()) == 1050
    assert "accepted 894–990" in result.reason


@pytest.mark.parametrize("v2_of_hundred", [90, 25, 0])
def test_a_wrong_split_ends_as_soon_as_it_is_certain(v2_of_hundred: int) -> None:
    result, answered = made(NINETY_TEN, parts(v2_of_hundred))
    assert not result.passed
    assert result.n == answered == 300


def test_one_error_ends_the_test_and_is_counted() -> None:
    def script(i: int) -> tuple[int, bytes]:
        return (503, b"no healthy upstream") if i == 7 else parts(10)(i)

    result, answered = made(NINETY_TEN, script)
    assert not result.passed
    assert result.n == answered == 300
    assert result.counts["status 503"] == 1
    assert "no healthy upstream" in result.reason


def test_an_error_in_a_later_batch_fails_all_the_same() -> None:
    def script(i: int) -> tuple[int, bytes]:
        return (503, b"no healthy upstream") if i == 320 else parts(14)(i)

    result, answered = made(NINETY_TEN, script)
    assert not result.passed
    assert result.n == answered == 350
    assert result.counts["status 503"] == 1


@pytest.mark.parametrize(("control", "n", "leak"), [(False, 500, 0.014), (True, 150, 0.05)])
def test_a_control_sends_less_and_says_which_leak_it_sees(
    control: bool, n: int, leak: float
) -> None:
    check = TrafficCheck(
        Request("/", "a.b"), "reachability", Shares({"unreachable": 1.0}), control=control
    )
    result, answered = made(check, lambda _: (404, b""))
    assert result.passed
    assert result.n == answered == n
    assert result.error == leak
    leaked, _ = made(check, lambda i: (200 if i == n - 1 else 404, b""))
    assert not leaked.passed


def test_nothing_that_listens_is_counted_not_raised() -> None:
    with serving(parts(10)) as (url, _):
        pass
    result = checks.make(NINETY_TEN, None, url)  # type: ignore[arg-type]
    assert not result.passed
    assert result.counts == {"refused": 300}


V1_SIDECAR = ProxySelector("v1", "shop", {"version": "v1"})
V2_SIDECAR = ProxySelector("v2", "shop", {"version": "v2"})


class Logs:
    """What a cluster's API says of two sidecars' access logs, written as the requests come."""

    def __init__(self, copied: Callable[[int], bool]) -> None:
        self._copied = copied
        self._logs = {"v1": [], "v2": [self._line(-1)]}
        self.rotated_from = 0

    def _line(self, number: int) -> str:
        identity = f"{number & 0xFFFFFFFF:08x}-0000-4000-8000-000000000000"
        return f'"GET /items HTTP/1.1" 200 - "curl/8" "{identity}"\n'

    def script(self, number: int) -> tuple[int, bytes]:
        self._logs["v1"].append(self._line(number))
        if self._copied(number):
            self._logs["v2"].append(self._line(number))
        return 200, V1

    def pods(self, _namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        status = {"name": "istio-proxy", "containerID": "containerd://1"}
        return [
            {
                "metadata": {"name": labels["version"]},
                "status": {"initContainerStatuses": [status]},
            }
        ]

    def log(self, _namespace: str, pod: str, container: str, first_bytes: int | None = None) -> str:
        assert container == "istio-proxy"
        return "".join(self._logs[pod])[self.rotated_from :][:first_bytes]


def mirrored(copied: Callable[[int], bool]) -> CheckResult:
    only_v1 = TrafficCheck(NINETY_TEN.request, "catalog", Shares({"v1": 1.0}))
    check = MirrorCheck(only_v1, V1_SIDECAR, V2_SIDECAR, "/items")
    logs = Logs(copied)
    with serving(logs.script) as (url, _):
        return checks.make(check, logs, url)  # type: ignore[arg-type]


def test_a_mirror_must_copy_every_request() -> None:
    result = mirrored(lambda _: True)
    assert result.passed
    # The request that only v2 logged was nobody's copy.
    assert result.counts == {"v1": 500, "copies": 500}
    assert result.regions[-1] == Region("copies", 1.0, 500, 500)


def test_a_mirror_that_loses_one_copy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MIRROR_LOGGED", 0.2)
    result = mirrored(lambda number: number != 7)
    assert not result.passed
    assert result.counts["copies"] == 499
    assert result.reason.endswith("499 copies of 500 requests reached the v2, wanted 500")


def test_copies_of_an_earlier_check_do_not_count() -> None:
    only_v1 = TrafficCheck(NINETY_TEN.request, "catalog", Shares({"v1": 1.0}))
    check = MirrorCheck(only_v1, V1_SIDECAR, V2_SIDECAR, "/items")
    logs = Logs(lambda _: True)
    for number in range(1000, 1040):
        logs.script(number)
    with serving(logs.script) as (url, _):
        result = checks.make(check, logs, url)  # type: ignore[arg-type]
    assert result.passed
    assert result.counts == {"v1": 500, "copies": 500}


def test_copies_are_not_counted_in_a_log_that_was_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MIRROR_LOGGED", 0.0)
    only_v1 = TrafficCheck(NINETY_TEN.request, "catalog", Shares({"v1": 1.0}))
    check = MirrorCheck(only_v1, V1_SIDECAR, V2_SIDECAR, "/items")
    logs = Logs(lambda _: True)

    def rotating(number: int) -> tuple[int, bytes]:
        logs.rotated_from = number * 10
        return logs.script(number)

    with (
        serving(rotating) as (url, _),
        pytest.raises(StepFailed, match="cannot be counted: the log of v2 has been rotated"),
    ):
        checks.make(check, logs, url)  # type: ignore[arg-type]
