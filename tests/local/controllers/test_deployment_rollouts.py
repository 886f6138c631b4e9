"""Deployments through the running controllers: what kubectl rollout, scale and wait rely on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.local.store import kinds
from tests.local.controllers.controlled import (
    NAMESPACE,
    Controlled,
    controlled,
    deployment,
    set_image,
    set_replicas,
)

REVISION = "deployment.kubernetes.io/revision"


def rolled_out(c: Controlled) -> bool:
    """What ``kubectl rollout status`` looks at."""
    found = c.deployment()
    status, wanted = found["status"], found["spec"]["replicas"]
    return (
        status["observedGeneration"] >= found["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def test_a_deployment_becomes_available_and_owns_what_it_made():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.settle()
            assert c.conditions() == {
                "Available": ("False", "MinimumReplicasUnavailable"),
                "Progressing": ("True", "ReplicaSetUpdated"),
            }
            assert c.deployment()["status"]["unavailableReplicas"] == 2
            c.run_pods()
            await c.settle()
            assert c.conditions() == {
                "Available": ("True", "MinimumReplicasAvailable"),
                "Progressing": ("True", "NewReplicaSetAvailable"),
            }
            assert "unavailableReplicas" not in c.deployment()["status"]
            assert rolled_out(c)
            (rs,) = c.list(kinds.REPLICA_SETS)
            assert rs["metadata"]["ownerReferences"][0]["name"] == "web"
            digest = rs["metadata"]["labels"]["pod-template-hash"]
            for pod in c.list(kinds.PODS):
                assert pod["metadata"]["name"].startswith(f"web-{digest}-")
                assert pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
                assert pod["metadata"]["ownerReferences"][0]["uid"] == rs["metadata"]["uid"]

    asyncio.run(scenario())


def test_a_settled_cluster_writes_nothing():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            before = c.store.version
            pod = c.list(kinds.PODS)[0]
            status = {**pod["status"], "qosClass": "Burstable"}
            c.store.update_status(kinds.PODS, {**pod, "status": status})
            await c.settle()
            assert c.store.version == before + 1

    asyncio.run(scenario())


def test_a_rolling_update_keeps_within_surge_and_unavailable():
    async def scenario() -> None:
        async with controlled() as c:
            rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=3, strategy=rolling))
            await c.roll()
            c.edit_deployment(set_image("web:2"))
            seen = []
            while not rolled_out(c) or c.scales()["web:2"] != 3:
                await c.settle()
                seen.append(c.scales())
                ready = [
                    pod
                    for pod in c.list(kinds.PODS)
                    if pod["status"].get("conditions", [{}])[0].get("status") == "True"
                ]
                assert len(c.list(kinds.PODS)) <= 4
                assert len(ready) >= 3
                c.run_pods()
                await c.settle()
            assert seen[0] == {"web:1": 3, "web:2": 1}
            assert c.scales() == {"web:1": 0, "web:2": 3}
            assert c.deployment()["metadata"]["annotations"][REVISION] == "2"

    asyncio.run(scenario())


def test_a_broken_new_version_leaves_the_old_one_serving():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1, progressDeadlineSeconds=30))
            await c.roll()
            c.edit_deployment(set_image("web:broken"))
            await c.settle()
            assert c.scales() == {"web:1": 1, "web:broken": 1}
            assert c.conditions()["Available"][0] == "True"
            c.clock.advance(32)
            c.edit_deployment(lambda obj: obj["metadata"].update(labels={"poke": "1"}))
            await c.settle()
            assert c.conditions()["Progressing"] == ("False", "ProgressDeadlineExceeded")

    asyncio.run(scenario())


def test_the_progress_deadline_passes_without_any_change():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(progressDeadlineSeconds=-1))
            with c.store.watch(kinds.DEPLOYMENTS) as watch:
                while c.deployment().get("status", {}).get("conditions") is None or (
                    c.conditions()["Progressing"][1] != "ProgressDeadlineExceeded"
                ):
                    await asyncio.wait_for(watch.wait(), 10)
                    c.clock.advance(1)

    asyncio.run(scenario())


def test_an_object_that_a_controller_fails_on_says_so_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
):
    def spoil(obj: dict[str, Any]) -> None:
        # Past admission: no client can store this.
        obj["spec"]["replicas"] = "three"

    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.settle()
            c.edit_deployment(spoil)
            other = {"name": "other", "namespace": NAMESPACE}
            c.store.create(kinds.DEPLOYMENTS, {**deployment(), "metadata": other})
            await c.settle()
            told = [e for e in c.list(kinds.EVENTS) if e["reason"] == "FailedReconcile"]
            assert told
            assert {e["involvedObject"]["name"] for e in told} == {"web"}
            assert "the cluster's log has the reason" in told[0]["message"]
            assert c.deployment("other")["status"]["observedGeneration"] == 1

    asyncio.run(scenario())
    assert "Deployment shop/web cannot be reconciled" in caplog.text


def test_undo_reuses_the_old_replica_set_under_a_new_revision():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            c.edit_deployment(set_image("web:2"))
            await c.roll()
            c.edit_deployment(set_image("web:1"))
            await c.roll()
            assert c.scales() == {"web:1": 2, "web:2": 0}
            numbers = {
                rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["metadata"][
                    "annotations"
                ][REVISION]
                for rs in c.list(kinds.REPLICA_SETS)
            }
            assert numbers == {"web:1": "3", "web:2": "2"}
            assert c.deployment()["metadata"]["annotations"][REVISION] == "3"
            assert rolled_out(c)

    asyncio.run(scenario())


def test_history_is_cut_to_its_limit_oldest_first():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(revisionHistoryLimit=1))
            for version in (1, 2, 3, 4):
                c.edit_deployment(set_image(f"web:{version}"))
                await c.roll()
            assert c.scales() == {"web:3": 0, "web:4": 2}

    asyncio.run(scenario())


def test_scaling_up_and_down():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            await c.roll()
            for count in (4, 1, 0):
                c.edit_deployment(set_replicas(count))
                await c.roll()
                assert len(c.list(kinds.PODS)) == count
                assert rolled_out(c)

    asyncio.run(scenario())


def test_scaling_down_gives_up_pods_that_are_not_ready_first():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=3))
            await c.roll()
            good = c.list(kinds.PODS)[1]
            for pod in c.list(kinds.PODS):
                c.set_ready(pod, pod["metadata"]["uid"] == good["metadata"]["uid"])
            c.edit_deployment(set_replicas(1))
            await c.settle()
            assert [pod["metadata"]["name"] for pod in c.list(kinds.PODS)] == [
                good["metadata"]["name"]
            ]

    asyncio.run(scenario())


def test_recreate_starts_nothing_new_while_an_old_pod_is_left():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(strategy={"type": "Recreate"}))
            await c.roll()
            for pod in c.list(kinds.PODS):
                bound = {**pod, "spec": {**pod["spec"], "nodeName": "local"}}
                c.store.update(kinds.PODS, bound)
            c.edit_deployment(set_image("web:2"))
            await c.settle()
            assert c.scales() == {"web:1": 0}
            assert all("deletionTimestamp" in p["metadata"] for p in c.list(kinds.PODS))
            for pod in c.list(kinds.PODS):
                c.store.purge(kinds.PODS, NAMESPACE, pod["metadata"]["name"])
            await c.roll()
            assert c.scales() == {"web:1": 0, "web:2": 2}

    asyncio.run(scenario())


def test_a_paused_deployment_scales_but_does_not_roll():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            c.edit_deployment(lambda obj: obj["spec"].update(paused=True))
            c.edit_deployment(set_image("web:2"))
            c.edit_deployment(set_replicas(3))
            await c.roll()
            assert c.scales() == {"web:1": 3}
            assert c.conditions()["Progressing"] == ("Unknown", "DeploymentPaused")
            c.edit_deployment(lambda obj: obj["spec"].update(paused=False))
            await c.roll()
            assert c.scales() == {"web:1": 0, "web:2": 3}

    asyncio.run(scenario())


def test_a_deleted_pod_is_replaced_and_a_deployment_takes_its_pods_with_it():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            gone = c.list(kinds.PODS)[0]["metadata"]["name"]
            c.store.delete(kinds.PODS, NAMESPACE, gone)
            await c.settle()
            names = {pod["metadata"]["name"] for pod in c.list(kinds.PODS)}
            assert len(names) == 2
            assert gone not in names
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "web")
            await c.settle()
            assert c.list(kinds.REPLICA_SETS) == []
            assert c.list(kinds.PODS) == []

    asyncio.run(scenario())


def test_min_ready_seconds_delay_availability():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1, minReadySeconds=60))
            await c.settle()
            c.run_pods()
            await c.settle()
            status = c.deployment()["status"]
            assert status["readyReplicas"] == 1
            assert "availableReplicas" not in status
            c.clock.advance(61)
            pod = c.list(kinds.PODS)[0]
            c.edit(
                kinds.PODS,
                pod["metadata"]["name"],
                lambda p: p["metadata"].update(labels={**p["metadata"]["labels"], "poke": "1"}),
            )
            await c.settle()
            assert c.deployment()["status"]["availableReplicas"] == 1

    asyncio.run(scenario())


def told(c: Controlled, kind: str) -> list[tuple[str, str, str, str]]:
    """Type, reason, component and message of each event about objects of the kind."""
    return sorted(
        (e["type"], e["reason"], e["reportingComponent"], e["message"])
        for e in c.list(kinds.EVENTS)
        if e["involvedObject"]["kind"] == kind
    )


def test_scaling_is_told_as_events_of_the_deployment():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            (rs,) = c.list(kinds.REPLICA_SETS)
            name = rs["metadata"]["name"]
            scaled = ("Normal", "ScalingReplicaSet", "deployment-controller")
            up = (*scaled, f"Scaled up replica set {name} from 0 to 2")
            assert told(c, "Deployment") == [up]
            c.edit_deployment(set_replicas(1))
            await c.roll()
            down = (*scaled, f"Scaled down replica set {name} from 2 to 1")
            assert told(c, "Deployment") == sorted([up, down])

    asyncio.run(scenario())


def test_made_and_deleted_pods_are_told_as_events_of_the_replica_set():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            pods = {pod["metadata"]["name"] for pod in c.list(kinds.PODS)}
            made = sorted(
                ("Normal", "SuccessfulCreate", "replicaset-controller", f"Created pod: {pod}")
                for pod in pods
            )
            assert told(c, "ReplicaSet") == made
            c.edit_deployment(set_replicas(1))
            await c.roll()
            (gone,) = pods - {pod["metadata"]["name"] for pod in c.list(kinds.PODS)}
            deleted = (
                "Normal", "SuccessfulDelete", "replicaset-controller", f"Deleted pod: {gone}",
            )  # fmt: skip
            assert told(c, "ReplicaSet") == sorted([*made, deleted])

    asyncio.run(scenario())
