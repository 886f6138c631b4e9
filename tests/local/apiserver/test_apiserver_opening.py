"""The server answers before the rooms behind it are there: reads at once, writes when judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
import requests
from apiserver_world import World, config_map, pod, virtual_service

from harness.local.store import kinds

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
VIRTUAL_SERVICES = "/apis/networking.istio.io/v1alpha3/namespaces/default/virtualservices"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[World]:
    """A server that is not open yet."""
    made = World(tmp_path)
    made.start(opened=False)
    yield made
    made.stop()


def _meanwhile(ask: Callable[[], requests.Response]) -> Future[requests.Response]:
    """Ask in a thread; the answer, or how the server hung up."""
    answer: Future[requests.Response] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except requests.RequestException as error:
            answer.set_exception(error)

    threading.Thread(target=run).start()
    return answer


def _received(world: World, requests_under_way: int) -> None:
    """Wait until that many requests are inside the server."""
    while world.do(lambda: len(world.under_way)) < requests_under_way:
        pass


def test_reads_are_answered_before_it_is_open(closed: World) -> None:
    assert closed.request("GET", "/api/v1/namespaces/default").status_code == 200
    assert closed.request("GET", CONFIG_MAPS).json()["items"] == []
    assert closed.request("GET", "/version").status_code == 200


def test_it_is_alive_but_not_ready_before_it_is_open(closed: World) -> None:
    assert closed.request("GET", "/livez").text == "ok"
    for check in ("/readyz", "/healthz"):
        answer = closed.request("GET", check)
        assert answer.status_code == 500
        assert f"{check[1:]} check failed" in answer.text
    closed.open()
    for check in ("/readyz", "/healthz", "/livez"):
        assert closed.request("GET", check).text == "ok"


def test_a_write_that_comes_early_is_judged_when_it_is_open(closed: World) -> None:
    bad = _meanwhile(lambda: closed.post(VIRTUAL_SERVICES, virtual_service("bad", hosts=[])))
    good = _meanwhile(lambda: closed.post(VIRTUAL_SERVICES, virtual_service("good")))
    _received(closed, 2)
    assert not bad.done()
    assert not good.done()
    assert closed.do(lambda: closed.store.list(kinds.VIRTUAL_SERVICES)) == []
    closed.open()
    assert bad.result(10).status_code == 422
    assert "spec.hosts" in bad.result().json()["message"]
    assert good.result(10).status_code == 201
    assert closed.request("GET", VIRTUAL_SERVICES + "/good").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_kind_of_write_waits(closed: World, method: str) -> None:
    closed.do(lambda: closed.store.create(kinds.CONFIG_MAPS, config_map("there"), "default"))
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    early = _meanwhile(
        lambda: closed.request(
            method,
            f"{CONFIG_MAPS}/there",
            json=config_map("there", a="b") if method != "DELETE" else None,
            headers={"Content-Type": media},
        )
    )
    _received(closed, 1)
    found = closed.do(lambda: closed.store.get(kinds.CONFIG_MAPS, "default", "there"))
    assert not found["data"]
    closed.open()
    assert early.result(10).status_code == 200


def test_a_log_asked_for_early_is_answered_by_the_node(closed: World) -> None:
    closed.do(lambda: closed.store.create(kinds.PODS, pod("talks"), "default"))
    early = _meanwhile(lambda: closed.request("GET", f"{PODS}/talks/log"))
    _received(closed, 1)
    closed.open()
    assert early.result(10).text == "first\nsecond\n"


def test_a_write_that_waits_when_the_server_stops_has_written_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.start(opened=False)
    early = _meanwhile(lambda: world.post(CONFIG_MAPS, config_map("late")))
    _received(world, 1)
    world.stop()
    with pytest.raises(requests.ConnectionError):
        early.result(10)
    assert world.store.list(kinds.CONFIG_MAPS) == []
