"""Probes: thresholds, when looks are made, and what counts; pod status from container states."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from harness.local.contracts import ProxyState
from harness.local.node.checks import check_of, proxy_check
from harness.local.node.probes import Outcome, Timing, Verdict, look, resolve_port, watch
from harness.local.node.status import (
    ContainerView,
    Running,
    Terminated,
    Waiting,
    pod_status,
)

SECONDS = 30.0


def verdicts(timing: Timing, looks: str) -> list[bool | None]:
    verdict = Verdict(timing)
    result = []
    for letter in looks:
        verdict.take(Outcome(letter == "+"))
        result.append(verdict.ok)
    return result


def test_thresholds_count_looks_in_a_row():
    timing = Timing(failures=2, successes=2)
    assert verdicts(timing, "-+-+") == [None, None, None, None]
    assert verdicts(timing, "++--++") == [None, True, True, False, False, True]


def test_zero_means_the_default():
    assert Timing.of({"periodSeconds": 0, "failureThreshold": 5}) == Timing(period=10, failures=5)


def test_before_the_first_success_looks_are_fast_and_do_not_count():
    async def scenario() -> None:
        looks = itertools.count(1)
        failures: list[str] = []
        changed = asyncio.Event()

        async def check() -> Outcome:
            return Outcome(next(looks) > 4, "not yet")

        # The period is far longer than the test: only fast looks can bring the success.
        watching = asyncio.create_task(
            watch(
                check,
                Timing(period=3600, failures=1),
                fast=True,
                on_failure=failures.append,
                on_change=lambda ok: changed.set(),
            )
        )
        await asyncio.wait_for(changed.wait(), SECONDS)
        watching.cancel()
        assert failures == []

    asyncio.run(scenario())


def test_failures_count_once_a_period():
    async def scenario() -> None:
        told: list[str] = []
        failed = asyncio.Event()

        async def check() -> Outcome:
            return Outcome(False, "no")

        watching = asyncio.create_task(
            watch(
                check,
                Timing(period=0.12, failures=2),
                fast=True,
                on_failure=told.append,
                on_change=lambda ok: None if ok else failed.set(),
            )
        )
        await asyncio.wait_for(failed.wait(), SECONDS)
        watching.cancel()
        assert told == ["no", "no"]

    asyncio.run(scenario())


def test_a_look_that_takes_too_long_has_failed():
    async def never() -> Outcome:
        await asyncio.Event().wait()
        return Outcome(True)

    assert asyncio.run(look(never, 0.01)) == Outcome(False, "no answer within 0.01 s")


@pytest.mark.parametrize("turns", range(5))
def test_a_probe_ends_when_it_is_cancelled_whatever_its_check_just_answered(turns: int):
    async def scenario() -> None:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        asked = asyncio.Event()

        async def check() -> Outcome:
            asked.set()
            return await answer

        watching = asyncio.create_task(
            watch(
                check,
                Timing(period=3600, timeout=3600),
                fast=True,
                on_failure=lambda why: None,
                on_change=lambda ok: None,
            )
        )
        await asyncio.wait_for(asked.wait(), SECONDS)
        answer.set_result(Outcome(True))
        for _ in range(turns):
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching}, timeout=10)
        assert watching.cancelled()

    asyncio.run(scenario())


def test_ports_by_name():
    container = {"name": "web", "ports": [{"name": "http", "containerPort": 3000}]}
    assert resolve_port("http", container) == 3000
    assert resolve_port(80, container) == 80
    with pytest.raises(ValueError, match="container web has no port named 'grpc'"):
        resolve_port("grpc", container)


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ({"httpGet": {"path": "/up", "port": 1}},
         'Get "http://127.0.0.1:1/up": dial tcp 127.0.0.1:1: connect: connection refused'),
        ({"httpGet": {"path": "/up", "port": 2}},
         'Get "http://127.0.0.1:2/up": dial tcp 127.0.0.1:2: connect: connection refused'),
        ({"httpGet": {"path": "/", "port": "x"}}, "no port named 'x'"),
        ({"httpGet": {"port": 1, "scheme": "HTTPS"}}, "HTTPS is not implemented"),
        ({"tcpSocket": {"port": 1}}, "dial tcp 127.0.0.1:1: connect: connection refused"),
        ({"tcpSocket": {"port": 2}}, "dial tcp 127.0.0.1:2: connect: connection refused"),
        ({"exec": {"command": ["a"]}}, "it said no"),
        ({"grpc": {"port": 1}}, "only httpGet, tcpSocket and exec"),
    ],
)  # fmt: skip
def test_a_failed_check_says_why(probe: dict[str, Any], words: str):
    async def run(command: list[str]) -> tuple[int, str]:
        return 1, "it said no\n"

    check = check_of(probe, {"name": "web", "ports": []}, "127.0.0.1", {2: "/none"}, run)
    outcome = asyncio.run(check())
    assert not outcome.ok
    assert words in outcome.message


class States:
    def __init__(self, state: ProxyState) -> None:
        self.now = state

    def state(self, namespace: str, pod: str) -> ProxyState:
        return self.now

    def rejection(self, namespace: str, pod: str) -> str:
        return "duplicate domain"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ProxyState.DISCONNECTED, "configuration is disconnected"),
        (ProxyState.SYNCING, "configuration is syncing"),
        (ProxyState.REJECTED, "configuration rejected: duplicate domain"),
        (ProxyState.SYNCED, "No such file"),
    ],
)
def test_a_proxy_needs_its_configuration_and_a_living_envoy(state: ProxyState, words: str):
    outcome = asyncio.run(proxy_check(States(state), "ns", "pod", "/none/admin.sock")())
    assert not outcome.ok
    assert words in outcome.message


def view(name: str, state: Any, **more: Any) -> ContainerView:
    return ContainerView(name, f"{name}:1", state, **more)


POD: dict[str, Any] = {"spec": {"containers": [{}]}, "status": {}}
RUNNING = Running("t")
FAILED = Terminated(1, "Error", "t", "t")
DONE = Terminated(0, "Completed", "t", "t")
CRASHING = Waiting("CrashLoopBackOff")


@pytest.mark.parametrize(
    ("views", "phase", "ready"),
    [
        ([view("a", Waiting("ContainerCreating"))], "Pending", "False"),
        ([view("a", RUNNING, ready=True)], "Running", "True"),
        ([view("a", RUNNING, ready=True), view("b", RUNNING)], "Running", "False"),
        ([view("a", CRASHING, last=FAILED)], "Running", "False"),
        ([view("a", DONE, final=True)], "Succeeded", "False"),
        ([view("a", DONE, final=True), view("b", FAILED, final=True)], "Failed", "False"),
        ([view("a", FAILED), view("b", RUNNING, ready=True)], "Running", "False"),
    ],
)
def test_phase_and_readiness(views: list[ContainerView], phase: str, ready: str):
    status = pod_status(
        POD, views, [], addresses={"podIP": "1", "hostIP": "2"}, started="t", now="now"
    )
    assert status["phase"] == phase
    conditions = {c["type"]: c["status"] for c in status["conditions"]}
    assert conditions["Ready"] == conditions["ContainersReady"] == ready


def test_a_condition_keeps_its_time_until_it_changes():
    def conditions(pod: dict[str, Any], ready: bool, now: str) -> dict[str, Any]:
        return pod_status(
            pod,
            [view("a", RUNNING, ready=ready)],
            [],
            addresses={"podIP": "1", "hostIP": "2"},
            started="t",
            now=now,
        )

    first = conditions(POD, True, "1")
    second = conditions({**POD, "status": first}, True, "2")
    third = conditions({**POD, "status": second}, False, "3")
    times = [
        {c["type"]: c["lastTransitionTime"] for c in status["conditions"]}
        for status in (first, second, third)
    ]
    assert [t["Ready"] for t in times] == ["1", "1", "3"]
    assert [t["PodScheduled"] for t in times] == ["1", "1", "1"]
