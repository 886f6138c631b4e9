"""Pods that crash, cannot start, fall ill or never become ready: what a person sees of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from harness.local.contracts import NodeError
from harness.local.store import kinds
from tests.local.node.node_rig import NAMESPACE, SECONDS, Rig, is_ready, rig


def shell(script: str, **more: Any) -> dict[str, Any]:
    """A container without ports and probes that runs a script."""
    return {
        "command": ["sh", "-c", script],
        "readinessProbe": None,
        "ports": None,
        **more,
    }


def test_a_crashing_application_is_restarted_with_back_off():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod(container=shell("echo run $RANDOM; echo why >&2; exit 7"))
            await r.until("back-off", lambda: r.waiting() == "CrashLoopBackOff")
            status = r.status("web")
            assert status["restartCount"] >= 1
            assert status["lastState"]["terminated"]["exitCode"] == 7
            assert status["lastState"]["terminated"]["reason"] == "Error"
            assert "why" in status["lastState"]["terminated"]["message"]
            assert r.pod()["status"]["phase"] == "Running"
            assert not is_ready(r.pod())
            assert "back-off" in status["state"]["waiting"]["message"]
            assert r.events("BackOff")[0]["type"] == "Warning"
            before = status["restartCount"]
            await r.until("restart", lambda: r.status("web")["restartCount"] > before)
            assert r.events("Started")[0]["count"] == r.status("web")["restartCount"] + 1
            assert (await r.log("web", previous=True)).endswith("why\n")

    asyncio.run(scenario())


def test_an_unknown_image_says_what_is_known():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.image("api")
            r.run_pod(image="docker.io/someone/nginx:1.27")
            await r.until("error", lambda: r.waiting() == "ErrImagePull")
            assert r.pod()["status"]["phase"] == "Pending"
            message = r.events("Failed")[0]["message"] + r.events("Failed")[1]["message"]
            assert 'Failed to pull image "docker.io/someone/nginx:1.27"' in message
            assert "Known images: api, web" in message
            assert "To add one, create the folder" in message
            with pytest.raises(NodeError, match="is waiting to start: ErrImagePull"):
                await r.log("web")
            with pytest.raises(NodeError, match="container not found"):
                await r.execute("web", "true")
            await r.until("back-off", lambda: r.waiting() == "ImagePullBackOff")
            # The folder appears: the next attempt finds it.
            r.image("nginx")
            await r.ready()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 3, "Failed"), ("Never", 0, "Succeeded"), ("OnFailure", 0, "Succeeded")],
)
def test_restart_policies_that_let_a_pod_end(policy: str, code: int, phase: str):
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod(restartPolicy=policy, container=shell(f"exit {code}"))
            await r.until(phase, lambda: r.pod()["status"]["phase"] == phase)
            assert r.status("web")["restartCount"] == 0
            assert r.status("web")["state"]["terminated"]["exitCode"] == code

    asyncio.run(scenario())


def test_a_failing_liveness_probe_restarts_the_container():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            probe = {"httpGet": {"path": "/healthz", "port": 3000}}
            liveness = {**probe, "periodSeconds": 1, "failureThreshold": 1}
            # On a busy machine the application takes longer to start than one liveness probe.
            startup = {**probe, "periodSeconds": 1, "failureThreshold": 30}
            r.run_pod(container={"livenessProbe": liveness, "startupProbe": startup})
            ip = (await r.ready())["status"]["podIP"]
            reader, writer = await asyncio.open_connection(ip, 3000)
            writer.write(b"POST /sicken HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            await asyncio.wait_for(reader.readline(), SECONDS)
            writer.close()
            await r.until("restart", lambda: r.status("web")["restartCount"] == 1)
            await r.ready()
            unhealthy = {event["message"] for event in r.events("Unhealthy")}
            assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in unhealthy
            messages = [event["message"] for event in r.events("Killing")]
            assert "Container web failed liveness probe, will be restarted" in messages

    asyncio.run(scenario())


def test_readiness_takes_a_pod_out_of_its_service_and_back():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            ready = {"exec": {"command": ["test", "!", "-e", "unready"]}, "periodSeconds": 1}
            probe = {**ready, "failureThreshold": 1}
            r.run_pod(container={"readinessProbe": probe})
            await r.ready()
            code, *_ = await r.execute("web", "touch", "unready")
            assert code == 0
            await r.until("unready", lambda: not is_ready(r.pod()))
            assert r.status("web")["restartCount"] == 0
            conditions = {c["type"]: c for c in r.pod()["status"]["conditions"]}
            assert conditions["Ready"]["reason"] == "ContainersNotReady"
            assert "[web]" in conditions["Ready"]["message"]
            await r.execute("web", "rm", "unready")
            await r.ready()

    asyncio.run(scenario())


def test_a_startup_probe_holds_the_others_back_and_may_give_up():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            startup = {"tcpSocket": {"port": 3000}, "periodSeconds": 1, "failureThreshold": 30}
            r.run_pod("good", container={"startupProbe": startup})
            await r.ready("good")
            assert r.status("web", "good")["started"]
            never = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
            r.run_pod("bad", container={**shell("sleep 60"), "startupProbe": never})
            await r.until("restart", lambda: r.status("web", "bad")["restartCount"] >= 1)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("container", "reason", "words"),
    [
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}]},
            "CreateContainerConfigError",
            'configmap "x" not found',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "cpu"}}}]},
            "CreateContainerConfigError",
            "resourceFieldRef is not implemented",
        ),
        (
            {"command": ["no-such-program"]},
            "RunContainerError",
            'exec: "no-such-program": executable file not found in $PATH',
        ),
        (
            {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            "CreateContainerConfigError",
            "hostPath volumes are not implemented",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(container: Any, reason: str, words: str):
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod(
                container=container, volumes=[{"name": "data", "hostPath": {"path": "/data"}}]
            )
            await r.until(reason, lambda: r.waiting() == reason)
            assert words in r.status("web")["state"]["waiting"]["message"]
            assert any(words in event["message"] for event in r.events("Failed"))

    asyncio.run(scenario())


def test_a_missing_config_map_is_found_when_it_appears():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            entry = {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}
            r.run_pod(container={"env": [entry]})
            await r.until("refused", lambda: r.waiting() == "CreateContainerConfigError")
            r.create(
                kinds.CONFIG_MAPS,
                {"metadata": {"name": "m", "namespace": NAMESPACE}, "data": {"k": "dark"}},
            )
            await r.ready()
            assert json.loads((await r.get("/env"))[1])["MODE"] == "dark"

    asyncio.run(scenario())


def test_a_killed_proxy_is_restarted_and_serves_again():
    async def scenario() -> None:
        async with rig(injected=True) as r:
            r.image("web")
            r.run_pod()
            await r.ready()
            # Envoy ends on quitquitquit; its exit code is 0, and Always means always.
            await r.execute("istio-proxy", "curl", "-X", "POST", "localhost:15000/quitquitquit")
            await r.until("restart", lambda: r.status("istio-proxy")["restartCount"] == 1)
            await r.ready()
            assert (await r.get("/healthz"))[0] == 200
            assert r.status("web")["restartCount"] == 0

    asyncio.run(scenario())


def test_stopping_the_node_ends_pods_in_every_state():
    async def scenario() -> None:
        left: list[Rig] = []
        async with rig(injected=True) as r:
            r.image("web")
            r.run_pod("starting")
            r.run_pod("crashing", container=shell("exit 1"))
            r.run_pod("unknown", image="nope:1")
            r.run_pod("ending", container=shell("trap '' TERM; echo on; sleep 60"))
            await r.until("crash", lambda: r.waiting("crashing") == "CrashLoopBackOff")
            r.store.delete(kinds.PODS, NAMESPACE, "ending", grace_seconds=30)
            await r.until("ending", lambda: "deletionTimestamp" in r.pod("ending")["metadata"])
            left.append(r)
        # The rig asserts on its way out that no process is left.
        assert left

    asyncio.run(scenario())
