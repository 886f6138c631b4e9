"""Pods as real processes: gunicorn and Envoy, with and without a sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from harness.local.contracts import NodeError
from harness.local.store import kinds
from tests.local.node.node_rig import NAMESPACE, SECONDS, collect, is_ready, rig


def test_an_injected_pod_serves_behind_its_sidecar():
    async def scenario() -> None:
        async with rig(injected=True) as r:
            r.image("web")
            r.create(
                kinds.SERVICES,
                {
                    "metadata": {"name": "web", "namespace": NAMESPACE},
                    "spec": {
                        "clusterIP": "10.96.0.9",
                        "selector": {"app": "web"},
                        "ports": [{"port": 80, "targetPort": "http"}],
                    },
                },
            )
            r.run_pod()
            pod = await r.ready()
            assert [c["name"] for c in pod["spec"]["containers"]] == ["web", "istio-proxy"]
            assert pod["spec"]["nodeName"] == "local"
            status, body = await r.get("/env")
            assert status == 200
            environment = json.loads(body)
            ip = pod["status"]["podIP"]
            assert environment["GREETING"] == "hello world"
            assert environment["HOSTNAME"] == "web"
            assert environment["WEB_SERVICE_HOST"] == "10.96.0.9"
            assert environment["http_proxy"] == f"http://{ip}:15001"
            assert "HARNESS" not in " ".join(environment)

            # The article's and the harness's way to read a proxy.
            code, dump, _ = await r.execute(
                "istio-proxy", "pilot-agent", "request", "GET", "config_dump"
            )
            assert code == 0
            assert {c["@type"].rpartition(".")[2] for c in json.loads(dump)["configs"]} >= {
                "BootstrapConfigDump",
                "ListenersConfigDump",
                "ClustersConfigDump",
            }
            assert await r.execute("istio-proxy", "curl", "-s", "localhost:15000/ready") == (
                0,
                "LIVE\n",
                "",
            )
            _, ready = await r.get("/ready", port=15000)
            assert ready.endswith("LIVE\n") or "LIVE" in ready
            assert "booted" in await r.log("web")
            reasons = {e["reason"] for e in r.store.list(kinds.EVENTS)}
            assert {"Scheduled", "Pulled", "Created", "Started"} <= reasons
            assert r.events("Unhealthy") == []
            bootstrap = next(r.folder.glob("c/p/*/envoy.json"))
            assert bootstrap.stat().st_mode & 0o777 == 0o600

    asyncio.run(scenario())


def test_envoy_says_nothing_at_start():
    async def scenario() -> None:
        async with rig(injected=True) as r:
            r.image("web")
            r.run_pod()
            await r.ready()
            assert await r.log("istio-proxy") == ""

    asyncio.run(scenario())


def test_a_plain_pod_binds_its_own_address():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod()
            pod = await r.ready()
            assert [c["name"] for c in pod["spec"]["containers"]] == ["web"]
            environment = json.loads((await r.get("/env"))[1])
            assert "http_proxy" not in environment
            assert environment["GUNICORN_CMD_ARGS"].endswith(f"{pod['status']['podIP']}:3000")
            with pytest.raises(NodeError, match="failed to connect to port 4000"):
                await r.get("/env", port=4000)

    asyncio.run(scenario())


def test_two_pods_have_the_same_port_on_different_addresses():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            for name in ("one", "two"):
                r.run_pod(name)
            first, second = [(await r.ready(name))["status"]["podIP"] for name in ("one", "two")]
            assert first != second
            hosts = [json.loads((await r.get("/env", n))[1])["HOSTNAME"] for n in ("one", "two")]
            assert hosts == ["one", "two"]

    asyncio.run(scenario())


def test_deletion_lets_a_request_finish_and_leaves_nothing():
    async def scenario() -> None:
        async with rig(injected=True) as r:
            r.image("web")
            r.run_pod()
            pod = await r.ready()
            running = asyncio.create_task(r.get("/held"))
            gate = await r.hold("web")
            r.store.delete(kinds.PODS, NAMESPACE, "web", grace_seconds=5)
            await r.until("stopping", lambda: r.events("Killing"))
            os.close(gate)
            assert (await running) == (200, "done")
            await r.until("gone", lambda: not r.store.list(kinds.PODS))
            assert r.processes() == []
            assert list(r.folder.glob("c/p/*")) == []
            killing = {e["message"] for e in r.events("Killing")}
            assert killing == {"Stopping container web", "Stopping container istio-proxy"}
            r.run_pod()
            again = await r.ready()
            assert again["status"]["podIP"] != pod["status"]["podIP"]

    asyncio.run(scenario())


def zombies() -> dict[str, str]:
    """This process's dead and unreaped children: their names by process id."""
    found = {}
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            name, state = stat.partition("(")[2].rpartition(")")[::2]
            if state.split()[0] == "Z":
                found[pid] = name
    return found


async def no_zombies_but(known: dict[str, str]) -> None:
    while zombies().keys() - known.keys():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.02)


def test_a_pod_deleted_by_force_frees_its_name_at_once():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            # What other tests of this process have left is not this pod's.
            before = zombies()
            r.run_pod()
            await r.ready()
            r.store.delete(kinds.PODS, NAMESPACE, "web")
            r.run_pod()
            assert is_ready(await r.ready())
            # Its workers are reaped too, not left as zombies of this process.
            await asyncio.wait_for(no_zombies_but(before), SECONDS)

    asyncio.run(scenario())


def test_a_pod_that_ignores_sigterm_is_killed_after_its_grace():
    async def scenario() -> None:
        async with rig() as r:
            r.image(
                "web", dockerfile='FROM x\nCMD ["sh", "-c", "trap \\"\\" TERM; echo on; cat"]\n'
            )
            script = "trap '' TERM; echo stubborn; while :; do sleep 60; done"
            r.run_pod(
                container={"command": ["sh", "-c", script], "readinessProbe": None, "ports": None}
            )
            await r.ready()
            r.store.delete(kinds.PODS, NAMESPACE, "web", grace_seconds=1)
            await r.until("gone", lambda: not r.store.list(kinds.PODS))
            assert r.processes() == []

    asyncio.run(scenario())


@pytest.mark.parametrize("tty", [False, True])
def test_a_deleted_pod_ends_the_commands_in_it(tty: bool):
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod()
            await r.ready()
            command = ["sleep", "777"]
            session = await r.node.execute(NAMESPACE, "web", "web", command, stdin=True, tty=tty)
            r.store.delete(kinds.PODS, NAMESPACE, "web", grace_seconds=0)
            assert (await asyncio.wait_for(collect(session), SECONDS))[0] == 137

    asyncio.run(scenario())


def test_a_gateway_pod_is_an_envoy_of_type_router():
    async def scenario() -> None:
        async with rig() as r:
            r.run_pod(
                "gateway",
                container={
                    "name": "istio-proxy",
                    "image": "docker.io/istio/proxyv2:1.31.0",
                    "readinessProbe": None,
                    "ports": None,
                },
            )
            await r.ready("gateway")
            _, info, _ = await r.execute(
                "istio-proxy", "pilot-agent", "request", "GET", "server_info", name="gateway"
            )
            node = json.loads(info)["node"]
            assert node["id"].startswith("router~127.")
            assert node["metadata"]["NAME"] == "gateway"
            with pytest.raises(NodeError, match="nothing is not valid"):
                await r.execute("nothing", "true", name="gateway")

    asyncio.run(scenario())


def test_what_a_killed_cluster_left_is_no_obstacle():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            await r.node.stop()
            (r.folder / "c" / "p" / "1.1").mkdir(parents=True)
            await r.node.start()
            r.run_pod()
            await r.ready()
            assert r.events("FailedCreatePodContainer") == []

    asyncio.run(scenario())


def test_a_removed_folder_does_not_stop_the_end():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            r.run_pod()
            await r.ready()
            shutil.rmtree(next(r.folder.glob("c/p/*")))
            r.store.delete(kinds.PODS, NAMESPACE, "web", grace_seconds=1)
            await r.until("gone", lambda: not r.store.list(kinds.PODS))

    asyncio.run(scenario())


def test_init_containers_run_first_and_in_turn():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            init = [
                {"name": name, "image": "web:1", "command": ["sh", "-c", f"echo {name}"]}
                for name in ("first", "second")
            ]
            r.run_pod(initContainers=init)
            pod = await r.ready()
            ends = [
                s["state"]["terminated"]["exitCode"] for s in pod["status"]["initContainerStatuses"]
            ]
            assert ends == [0, 0]
            assert [s["ready"] for s in pod["status"]["initContainerStatuses"]] == [True, True]
            assert await r.log("second") == "second\n"

    asyncio.run(scenario())


def test_a_pod_says_that_it_waits_for_its_init_containers():
    async def scenario() -> None:
        async with rig() as r:
            r.image("web")
            gate = r.folder / "init"
            os.mkfifo(gate)
            init = [
                {"name": "first", "image": "web:1", "command": ["sh", "-c", f"read x < {gate}"]}
            ]
            r.run_pod(initContainers=init)

            def running() -> bool:
                (status,) = r.pod()["status"].get("initContainerStatuses") or [{"state": {}}]
                return "running" in status["state"]

            await r.until("the init container runs", running)
            assert r.waiting() == "PodInitializing"
            (first,) = r.pod()["status"]["initContainerStatuses"]
            assert first["ready"] is False
            with pytest.raises(NodeError, match="is waiting to start: PodInitializing"):
                await r.log("web")
            gate.write_text("go\n")
            pod = await r.ready()
            assert pod["status"]["initContainerStatuses"][0]["ready"] is True

    asyncio.run(scenario())
