"""Namespaces that end, dependents that follow, and events that are counted."""

from __future__ import annotations

import asyncio

from harness.local import events
from harness.local.events import NORMAL, EventRecorder
from harness.local.store import ALL, Store, kinds
from tests.local.controllers.controlled import NAMESPACE, controlled, deployment


def config_map(name: str, **metadata: object) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": NAMESPACE, **metadata}}


def reference(owner: object) -> dict[str, object]:
    assert isinstance(owner, dict)
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }


def test_a_namespace_has_a_service_account_and_gets_it_back():
    async def scenario() -> None:
        async with controlled() as c:
            await c.settle()
            assert c.store.find(kinds.SERVICE_ACCOUNTS, NAMESPACE, "default")
            c.store.delete(kinds.SERVICE_ACCOUNTS, NAMESPACE, "default")
            await c.settle()
            assert c.store.find(kinds.SERVICE_ACCOUNTS, NAMESPACE, "default")

    asyncio.run(scenario())


def test_an_ending_namespace_waits_for_its_pods_then_is_gone_with_everything():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            c.store.create(kinds.CONFIG_MAPS, config_map("left"))
            await c.roll()
            (pod,) = c.list(kinds.PODS)
            c.store.update(kinds.PODS, {**pod, "spec": {**pod["spec"], "nodeName": "local"}})
            c.store.delete(kinds.NAMESPACES, "", NAMESPACE)
            await c.settle()
            assert [r.kind for r in ALL if r.namespaced and c.list(r)] == ["Pod"]
            assert c.store.get(kinds.NAMESPACES, "", NAMESPACE)["status"]["phase"] == "Terminating"
            c.store.purge(kinds.PODS, NAMESPACE, pod["metadata"]["name"])
            await c.settle()
            assert c.store.find(kinds.NAMESPACES, "", NAMESPACE) is None
            assert all(not c.store.list(resource) for resource in ALL)

    asyncio.run(scenario())


def test_a_dependent_of_two_owners_outlives_the_first():
    async def scenario() -> None:
        async with controlled() as c:
            owners = [c.store.create(kinds.CONFIG_MAPS, config_map(n)) for n in ("one", "two")]
            references = [reference(owner) for owner in owners]
            c.store.create(kinds.CONFIG_MAPS, config_map("child", ownerReferences=references))
            c.store.delete(kinds.CONFIG_MAPS, NAMESPACE, "one")
            await c.settle()
            child = c.store.get(kinds.CONFIG_MAPS, NAMESPACE, "child")
            assert [ref["name"] for ref in child["metadata"]["ownerReferences"]] == ["two"]
            c.store.delete(kinds.CONFIG_MAPS, NAMESPACE, "two")
            await c.settle()
            assert c.store.find(kinds.CONFIG_MAPS, NAMESPACE, "child") is None

    asyncio.run(scenario())


def test_a_dependent_whose_owner_is_not_there_goes():
    async def scenario() -> None:
        async with controlled() as c:
            there = reference(c.store.create(kinds.CONFIG_MAPS, config_map("there")))
            gone = {**there, "name": "gone", "uid": "u-1"}
            earlier = {**there, "uid": "u-2"}
            elsewhere = {**there, "apiVersion": "example.com/v1", "kind": "Other", "uid": "u-3"}
            for name, references in {
                "lost": [gone], "of-an-earlier-one": [earlier], "lost-twice": [gone, earlier],
                "kept": [gone, there], "unknown": [elsewhere],
            }.items():  # fmt: skip
                child = config_map(name, ownerReferences=references)
                c.store.create(kinds.CONFIG_MAPS, child)
            await c.settle()
            left = {obj["metadata"]["name"]: obj for obj in c.list(kinds.CONFIG_MAPS)}
            assert sorted(left) == ["kept", "there", "unknown"]
            assert left["kept"]["metadata"]["ownerReferences"] == [there]

    asyncio.run(scenario())


def test_a_reference_to_what_is_not_there_is_followed_when_it_is_added():
    async def scenario() -> None:
        async with controlled() as c:
            owner = c.store.create(kinds.CONFIG_MAPS, config_map("there"))
            c.store.create(kinds.CONFIG_MAPS, config_map("child"))
            await c.settle()
            lost = {**reference(owner), "uid": "u-1"}
            c.edit(
                kinds.CONFIG_MAPS,
                "child",
                lambda obj: obj["metadata"].update(ownerReferences=[lost]),
            )
            await c.settle()
            assert c.store.find(kinds.CONFIG_MAPS, NAMESPACE, "child") is None

    asyncio.run(scenario())


def test_orphan_lets_dependents_live():
    async def scenario() -> None:
        async with controlled() as c:
            owner = c.store.create(kinds.CONFIG_MAPS, config_map("owner", finalizers=["orphan"]))
            c.store.create(
                kinds.CONFIG_MAPS, config_map("child", ownerReferences=[reference(owner)])
            )
            c.store.delete(kinds.CONFIG_MAPS, NAMESPACE, "owner")
            await c.settle()
            assert c.store.find(kinds.CONFIG_MAPS, NAMESPACE, "owner") is None
            child = c.store.get(kinds.CONFIG_MAPS, NAMESPACE, "child")
            assert "ownerReferences" not in child["metadata"]

    asyncio.run(scenario())


def test_foreground_deletion_ends_dependents_first():
    async def scenario() -> None:
        async with controlled() as c:
            finalizers = ["foregroundDeletion"]
            owner = c.store.create(kinds.CONFIG_MAPS, config_map("owner", finalizers=finalizers))
            held = config_map("child", ownerReferences=[reference(owner)], finalizers=["me"])
            c.store.create(kinds.CONFIG_MAPS, held)
            c.store.delete(kinds.CONFIG_MAPS, NAMESPACE, "owner")
            await c.settle()
            assert c.store.find(kinds.CONFIG_MAPS, NAMESPACE, "owner") is not None
            c.edit(kinds.CONFIG_MAPS, "child", lambda obj: obj["metadata"].update(finalizers=[]))
            await c.settle()
            assert c.list(kinds.CONFIG_MAPS) == []

    asyncio.run(scenario())


def test_a_repeated_event_is_counted_and_old_ones_make_room():
    store = Store()
    store.create(kinds.NAMESPACES, {"metadata": {"name": NAMESPACE}})
    about = store.create(kinds.CONFIG_MAPS, config_map("subject"))
    recorder = EventRecorder(store, "tester", "here")
    for _ in range(3):
        recorder.record(about, NORMAL, "Happened", "again")
    (event,) = store.list(kinds.EVENTS)
    assert event["count"] == 3
    assert event["source"] == {"component": "tester", "host": "here"}
    for number in range(events.KEPT_PER_NAMESPACE + 10):
        recorder.record(about, NORMAL, "Happened", f"number {number}")
    assert len(store.list(kinds.EVENTS)) <= events.KEPT_PER_NAMESPACE


def test_an_event_for_a_namespace_that_is_gone_is_no_error():
    store = Store()
    store.create(kinds.NAMESPACES, {"metadata": {"name": NAMESPACE}})
    about = store.create(kinds.CONFIG_MAPS, config_map("subject"))
    store.purge(kinds.NAMESPACES, "", NAMESPACE)
    EventRecorder(store, "tester").record(about, NORMAL, "Happened", "too late")
    assert store.list(kinds.EVENTS) == []
