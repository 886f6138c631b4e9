"""Who controls what, when labels change and owners go: kubernetes' ControllerRefManager."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.local.controllers.claims import claim, selects
from harness.local.store import Object, kinds
from tests.local.controllers.controlled import (
    NAMESPACE,
    Controlled,
    controlled,
    deployment,
    set_image,
    set_replicas,
)


def replica_set(name: str = "web", replicas: int = 2, **labels: str) -> dict[str, Any]:
    made = deployment(name, replicas)
    chosen = labels or {"app": "web"}
    made["spec"]["selector"] = {"matchLabels": chosen}
    made["spec"]["template"]["metadata"]["labels"] = chosen
    return made


def lone_pod(name: str, app: str = "web", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": app}, **metadata},
        "spec": {"containers": [{"name": "c", "image": "web:1"}]},
    }


def relabel(c: Controlled, obj: Object, **labels: str) -> None:
    kind = kinds.PODS if obj["kind"] == "Pod" else kinds.REPLICA_SETS
    name = obj["metadata"]["name"]
    c.edit(kind, name, lambda found: found["metadata"]["labels"].update(labels))


def owners(obj: Object) -> list[str]:
    return [ref["name"] for ref in obj["metadata"].get("ownerReferences", ())]


def names(objects: list[Object]) -> set[str]:
    return {obj["metadata"]["name"] for obj in objects}


def test_a_deployment_adopts_the_replica_set_an_earlier_one_left():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            left, pods = c.list(kinds.REPLICA_SETS)[0], names(c.list(kinds.PODS))
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "web", propagation="Orphan")
            await c.settle()
            assert owners(c.list(kinds.REPLICA_SETS)[0]) == []
            again = c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.settle()
            (rs,) = c.list(kinds.REPLICA_SETS)
            assert rs["metadata"]["uid"] == left["metadata"]["uid"]
            (reference,) = rs["metadata"]["ownerReferences"]
            assert reference["uid"] == again["metadata"]["uid"]
            assert reference["controller"] is True
            assert names(c.list(kinds.PODS)) == pods
            status = c.deployment()["status"]
            assert (status["observedGeneration"], status["availableReplicas"]) == (1, 2)
            assert c.conditions()["Progressing"][1] == "NewReplicaSetAvailable"

    asyncio.run(scenario())


def test_a_deployment_adopts_a_replica_set_that_appears_later_as_an_old_one():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            await c.roll()
            stray = replica_set("stray", 1, app="web", track="old")
            set_image("web:0")(stray)
            stray["metadata"]["labels"] = {"app": "other"}
            c.store.create(kinds.REPLICA_SETS, stray)
            await c.roll()
            assert c.scales() == {"web:0": 1, "web:1": 1}
            relabel(c, c.store.get(kinds.REPLICA_SETS, NAMESPACE, "stray"), app="web")
            await c.roll()
            assert owners(c.store.get(kinds.REPLICA_SETS, NAMESPACE, "stray")) == ["web"]
            assert c.scales() == {"web:0": 0, "web:1": 1}

    asyncio.run(scenario())


def test_a_deployment_releases_a_replica_set_and_makes_one_of_another_name():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            (rs,) = c.list(kinds.REPLICA_SETS)
            relabel(c, rs, app="quarantine")
            await c.roll()
            released = c.store.get(kinds.REPLICA_SETS, NAMESPACE, rs["metadata"]["name"])
            assert owners(released) == []
            (other,) = (r for r in c.list(kinds.REPLICA_SETS) if owners(r) == ["web"])
            assert other["metadata"]["name"].startswith("web-")
            assert other["metadata"]["uid"] != rs["metadata"]["uid"]
            assert len(c.list(kinds.PODS)) == 4
            status = c.deployment()["status"]
            assert (status["replicas"], status["collisionCount"]) == (2, 1)
            c.edit_deployment(set_replicas(3))
            await c.roll()
            assert c.deployment()["status"]["collisionCount"] == 1
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "web")
            await c.settle()
            assert names(c.list(kinds.REPLICA_SETS)) == {rs["metadata"]["name"]}

    asyncio.run(scenario())


def test_a_deployment_that_is_going_adopts_nothing():
    async def scenario() -> None:
        async with controlled() as c:
            held = deployment(replicas=0)
            held["metadata"]["finalizers"] = ["me"]
            c.store.create(kinds.DEPLOYMENTS, held)
            await c.settle()
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "web")
            stray = replica_set("stray", 0, app="web", track="x")
            stray["metadata"]["labels"] = {"app": "web"}
            c.store.create(kinds.REPLICA_SETS, stray)
            await c.settle()
            assert owners(c.store.get(kinds.REPLICA_SETS, NAMESPACE, "stray")) == []

    asyncio.run(scenario())


PODS_LABELS: Any = [
    ({"matchLabels": {"app": "web"}}, True),
    ({"matchLabels": {"app": "web", "more": "x"}}, False),
    ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "web"]}]}, True),
    ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
    ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["web"]}]}, True),
    ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
    ({"matchExpressions": [{"key": "none", "operator": "Exists"}]}, False),
    ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ({"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}, True),
    ({"matchLabels": {"app": "web"}, "matchExpressions": [
        {"key": "app", "operator": "DoesNotExist"}]}, False),
    ({}, False),
]  # fmt: skip


@pytest.mark.parametrize(("selector", "expected"), PODS_LABELS)
def test_selectors_of_workloads_and_an_empty_one_selects_nothing(selector, expected):
    owner = {"spec": {"selector": selector}}
    assert selects(owner, {"metadata": {"labels": {"app": "web"}}}) is expected


def test_only_the_controlling_reference_is_taken_or_given():
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web", "uid": "u-1"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    friend = {"apiVersion": "v1", "kind": "ConfigMap", "name": "friend", "uid": "u-2"}
    weak = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u-1"}
    pod = lone_pod("one", ownerReferences=[friend, weak])
    adopted = claim(owner, kinds.PODS, [pod])
    (mine,) = adopted.owned
    assert [(r["uid"], r.get("controller")) for r in mine["metadata"]["ownerReferences"]] == [
        ("u-2", None),
        ("u-1", True),
    ]
    assert claim(owner, kinds.PODS, [mine]).writes == ()
    moved = {**mine, "metadata": {**mine["metadata"], "labels": {"app": "other"}}}
    released = claim(owner, kinds.PODS, [moved])
    assert released.owned == ()
    (write,) = released.writes
    assert write.obj["metadata"]["ownerReferences"] == [friend]


def test_a_pod_relabelled_out_of_its_replica_set_is_let_go_and_replaced():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(
                kinds.SERVICES,
                {
                    "metadata": {"name": "web", "namespace": NAMESPACE},
                    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
                },
            )
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            patient = c.list(kinds.PODS)[0]
            relabel(c, patient, app="quarantine")
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            addresses = [endpoint["addresses"][0] for endpoint in slice_["endpoints"]]
            assert len(addresses) == 1
            assert patient["status"]["podIP"] not in addresses
            assert len(c.list(kinds.PODS)) == 3
            name = patient["metadata"]["name"]
            assert owners(c.store.get(kinds.PODS, NAMESPACE, name)) == []
            await c.roll()
            assert c.deployment()["status"]["availableReplicas"] == 2
            c.edit_deployment(set_replicas(0))
            await c.settle()
            assert names(c.list(kinds.PODS)) == {name}
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "web")
            await c.settle()
            assert names(c.list(kinds.PODS)) == {name}

    asyncio.run(scenario())


def test_a_pod_that_comes_back_is_adopted_again_and_one_too_many_goes():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.roll()
            patient = c.list(kinds.PODS)[0]
            relabel(c, patient, app="quarantine")
            await c.roll()
            assert len(c.list(kinds.PODS)) == 3
            relabel(c, patient, app="web")
            await c.settle()
            (rs,) = c.list(kinds.REPLICA_SETS)
            assert [owners(pod) for pod in c.list(kinds.PODS)] == [[rs["metadata"]["name"]]] * 2

    asyncio.run(scenario())


def test_a_replica_set_keeps_the_pods_an_earlier_one_left():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.REPLICA_SETS, replica_set())
            await c.roll()
            left = names(c.list(kinds.PODS))
            c.store.delete(kinds.REPLICA_SETS, NAMESPACE, "web", propagation="Orphan")
            await c.settle()
            assert [owners(pod) for pod in c.list(kinds.PODS)] == [[], []]
            c.store.create(kinds.REPLICA_SETS, replica_set("again"))
            await c.settle()
            assert names(c.list(kinds.PODS)) == left
            assert [owners(pod) for pod in c.list(kinds.PODS)] == [["again"], ["again"]]

    asyncio.run(scenario())


def test_a_pod_goes_over_from_one_replica_set_to_the_other():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.REPLICA_SETS, replica_set("one", 1, app="one"))
            await c.roll()
            (mover,) = c.list(kinds.PODS)
            c.store.create(kinds.REPLICA_SETS, replica_set("two", 1, app="two"))
            await c.settle()
            relabel(c, mover, app="two")
            await c.settle()
            # It is ready and the one that "two" made is not, so that one goes.
            found = {pod["metadata"]["name"]: owners(pod) for pod in c.list(kinds.PODS)}
            assert found.pop(mover["metadata"]["name"]) == ["two"]
            assert list(found.values()) == [["one"]]

    asyncio.run(scenario())


def test_a_replica_set_takes_no_pod_that_ends_has_ended_or_is_another_s():
    async def scenario() -> None:
        async with controlled() as c:
            friend = c.store.create(
                kinds.CONFIG_MAPS, {"metadata": {"name": "friend", "namespace": NAMESPACE}}
            )
            other = {
                "apiVersion": "v1", "kind": "ConfigMap", "name": "friend",
                "uid": friend["metadata"]["uid"], "controller": True,
            }  # fmt: skip
            c.store.create(kinds.PODS, lone_pod("taken", ownerReferences=[other]))
            c.store.create(kinds.PODS, lone_pod("ending", finalizers=["me"]))
            c.store.delete(kinds.PODS, NAMESPACE, "ending")
            done = c.store.create(kinds.PODS, lone_pod("done"))
            c.store.update_status(kinds.PODS, {**done, "status": {"phase": "Succeeded"}})
            c.store.create(kinds.PODS, lone_pod("free"))
            c.store.create(kinds.REPLICA_SETS, replica_set())
            await c.settle()
            found = {pod["metadata"]["name"]: owners(pod) for pod in c.list(kinds.PODS)}
            assert [found.pop(name) for name in ("taken", "ending", "done", "free")] == [
                ["friend"], [], [], ["web"],
            ]  # fmt: skip
            assert list(found.values()) == [["web"]]

    asyncio.run(scenario())
