"""The server answers before the rooms behind it are there: reads at once, writes when judged."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from apiserver_world import World, config_map, deployment, pod, virtual_service

from harness.local.store import kinds

T = TypeVar("T")
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
VIRTUAL_SERVICES = "/apis/networking.istio.io/v1alpha3/namespaces/default/virtualservices"
ROOMS = "poststarthook/start-rooms"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
JSON = "application/json"
WRITES = {
    "create": ("POST", CONFIG_MAPS, JSON, config_map("new")),
    "update": ("PUT", f"{CONFIG_MAPS}/there", JSON, config_map("there", a="b")),
    "patch": ("PATCH", f"{CONFIG_MAPS}/there", MERGE, {"data": {"a": "b"}}),
    "apply": ("PATCH", f"{CONFIG_MAPS}/there?fieldManager=me", APPLY, config_map("there", a="b")),
    "scale": ("PATCH", f"{DEPLOYMENTS}/there/scale", MERGE, {"spec": {"replicas": 3}}),
    "delete": ("DELETE", f"{CONFIG_MAPS}/there", JSON, None),
    "delete all": ("DELETE", CONFIG_MAPS, JSON, None),
}


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[World]:
    """A server that is not open yet."""
    made = World(tmp_path)
    made.start(opened=False)
    yield made
    made.stop()


def _meanwhile(ask: Callable[[], T]) -> Future[T]:
    """Ask in a thread; the answer, or what became of it."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run).start()
    return answer


def _seed(world: World) -> int:
    """Objects to write to and to ask for; the store's version with them."""
    world.do(lambda: world.store.create(kinds.CONFIG_MAPS, config_map("there"), "default"))
    world.do(lambda: world.store.create(kinds.DEPLOYMENTS, deployment("there"), "default"))
    world.do(lambda: world.store.create(kinds.PODS, pod("there"), "default"))
    return world.do(lambda: world.store.version)


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


def test_verbose_lists_the_checks(closed: World) -> None:
    refused = closed.kubectl("get", "--raw=/readyz?verbose", code=1)
    assert f"[-]{ROOMS} failed: reason withheld" in refused.err
    assert closed.kubectl("get", "--raw=/livez?verbose").out == "[+]ping ok\nlivez check passed\n"
    closed.open()
    for check in ("readyz", "healthz"):
        shown = closed.kubectl("get", f"--raw=/{check}?verbose").out
        assert shown == f"[+]ping ok\n[+]{ROOMS} ok\n{check} check passed\n"


def test_one_check_can_be_asked_for(closed: World) -> None:
    assert closed.kubectl("get", "--raw=/readyz/ping").out == "ok"
    unfinished = closed.request("GET", f"/readyz/{ROOMS}")
    assert (unfinished.status_code, unfinished.text) == (
        500,
        "internal server error: not finished\n",
    )
    closed.open()
    assert closed.kubectl("get", f"--raw=/readyz/{ROOMS}").out == "ok"


@pytest.mark.parametrize("path", ["/readyz/none", "/readyz/ping/pong", f"/livez/{ROOMS}"])
def test_a_check_there_is_not_is_not_found(closed: World, path: str) -> None:
    answer = closed.request("GET", path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert "NotFound" in closed.kubectl("get", f"--raw={path}", code=1).err


def test_a_check_can_be_left_out(closed: World) -> None:
    assert closed.request("GET", f"/readyz?exclude={ROOMS}").text == "ok"
    shown = closed.request("GET", f"/readyz?verbose&exclude={ROOMS}&exclude=b&exclude=a").text
    assert shown == (
        f"[+]ping ok\n[+]{ROOMS} excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "a","b"\n'
        "readyz check passed\n"
    )


def test_a_write_that_comes_early_is_judged_when_it_is_open(closed: World) -> None:
    bad = _meanwhile(lambda: closed.post(VIRTUAL_SERVICES, virtual_service("bad", hosts=[])))
    good = _meanwhile(lambda: closed.post(VIRTUAL_SERVICES, virtual_service("good")))
    closed.until(lambda: closed.waiting == 2)
    assert not bad.done()
    assert not good.done()
    assert closed.do(lambda: closed.store.list(kinds.VIRTUAL_SERVICES)) == []
    closed.open()
    assert bad.result(10).status_code == 422
    assert "spec.hosts" in bad.result().json()["message"]
    assert good.result(10).status_code == 201
    assert closed.request("GET", VIRTUAL_SERVICES + "/good").status_code == 200


@pytest.mark.parametrize("write", WRITES)
def test_every_kind_of_write_waits(closed: World, write: str) -> None:
    method, path, media, body = WRITES[write]
    before = _seed(closed)
    early = _meanwhile(
        lambda: closed.request(method, path, json=body, headers={"Content-Type": media})
    )
    closed.until(lambda: closed.waiting == 1)
    assert closed.do(lambda: closed.store.version) == before
    closed.open()
    assert early.result(10).ok, early.result().text
    assert closed.do(lambda: closed.store.version) > before


def test_a_log_asked_for_early_is_answered_by_the_node(closed: World) -> None:
    _seed(closed)
    early = _meanwhile(lambda: closed.request("GET", f"{PODS}/there/log"))
    closed.until(lambda: closed.waiting == 1)
    closed.open()
    assert early.result(10).text == "first\nsecond\n"


@pytest.mark.parametrize("stream", ["log", "exec", "portforward"])
def test_what_no_node_can_answer_need_not_wait(closed: World, stream: str) -> None:
    _seed(closed)
    assert closed.request("GET", f"{PODS}/none/{stream}").status_code == 404
    assert closed.request("DELETE", f"{PODS}/there/{stream}").status_code == 405


def test_a_pod_that_is_gone_when_the_node_comes_is_not_found(closed: World) -> None:
    _seed(closed)
    early = _meanwhile(lambda: closed.request("GET", f"{PODS}/there/log"))
    closed.until(lambda: closed.waiting == 1)
    closed.do(lambda: closed.store.purge(kinds.PODS, "default", "there"))
    closed.open()
    assert early.result(10).status_code == 404
    assert closed.node.asked == []


def test_a_port_forward_asked_for_early_waits_for_the_node(closed: World) -> None:
    _seed(closed)
    early = _meanwhile(lambda: closed.request("GET", f"{PODS}/there/portforward"))
    closed.until(lambda: closed.waiting == 1)
    closed.open()
    answer = early.result(10)
    assert answer.status_code == 400
    assert "port-forward needs a WebSocket upgrade" in answer.text


def test_a_command_asked_for_early_is_run_by_the_node(closed: World) -> None:
    _seed(closed)
    early = _meanwhile(lambda: closed.kubectl("exec", "there", "--", "exit", "7", code=7))
    closed.until(lambda: closed.waiting == 1)
    assert closed.node.sessions == []
    closed.open()
    assert early.result(60).out == "to stdout\n"


def test_a_watch_begun_early_sees_what_is_written_later(closed: World) -> None:
    _seed(closed)
    with closed.request("GET", CONFIG_MAPS, params={"watch": "true"}, stream=True) as watch:
        lines = watch.iter_lines()
        assert json.loads(next(lines))["object"]["metadata"]["name"] == "there"
        closed.open()
        assert closed.post(CONFIG_MAPS, config_map("later")).status_code == 201
        seen = json.loads(next(lines))
    assert (seen["type"], seen["object"]["metadata"]["name"]) == ("ADDED", "later")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"token": "wrong"}, 401),
        ({"headers": {"Host": "evil.example"}}, 403),
        ({"headers": {"Origin": "https://evil.example"}}, 403),
    ],
)
def test_who_may_not_write_need_not_wait(closed: World, more: dict[str, Any], code: int) -> None:
    assert closed.post(CONFIG_MAPS, config_map("never"), **more).status_code == code


def test_a_client_that_gives_up_has_written_nothing(closed: World) -> None:
    context = ssl.create_default_context(cafile=str(closed.ca))
    client = http.client.HTTPSConnection("127.0.0.1", closed.port, timeout=20, context=context)
    client.request(
        "POST",
        CONFIG_MAPS,
        json.dumps(config_map("late")),
        {"Content-Type": JSON, "Authorization": f"Bearer {closed.credentials.token}"},
    )
    closed.until(lambda: closed.waiting == 1)
    client.close()
    closed.until(lambda: not closed.under_way)
    assert closed.waiting == 0
    closed.open()
    assert closed.request("GET", CONFIG_MAPS).json()["items"] == []


def test_a_write_that_waits_when_the_server_stops_has_written_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.start(opened=False)
    early = _meanwhile(lambda: world.post(CONFIG_MAPS, config_map("late")))
    world.until(lambda: world.waiting == 1)
    world.stop()
    with pytest.raises(requests.ConnectionError):
        early.result(10)
    assert world.store.list(kinds.CONFIG_MAPS) == []
