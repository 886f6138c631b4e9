"""What deletes ask for, what holds an object, and writes that must say what they replace."""

from __future__ import annotations

from typing import Any

import pytest
from apiserver_world import World, config_map, virtual_service

from harness.local.store import kinds

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
VIRTUAL_SERVICES = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"


def finalizers(world: World, name: str = "c") -> list[str]:
    return list(
        world.store.get(kinds.CONFIG_MAPS, "default", name)["metadata"].get("finalizers", ())
    )


@pytest.mark.parametrize(
    ("query", "body", "held_by"),
    [
        ("", {"orphanDependents": True}, ["orphan"]),
        ("?orphanDependents=true", {}, ["orphan"]),
        ("", {"propagationPolicy": "Orphan"}, ["orphan"]),
        ("?propagationPolicy=Foreground", {"orphanDependents": None}, ["foregroundDeletion"]),
        ("", {"orphanDependents": False}, None),
    ],
)
def test_who_deletes_says_what_becomes_of_dependents(
    world: World, query: str, body: dict[str, Any], held_by: list[str] | None
) -> None:
    world.apply(config_map("c"))
    assert world.request("DELETE", f"{CONFIG_MAPS}/c{query}", json=body).status_code == 200
    if held_by is None:
        assert world.store.find(kinds.CONFIG_MAPS, "default", "c") is None
    else:
        assert finalizers(world) == held_by


@pytest.mark.parametrize(
    "body",
    [
        {"orphanDependents": True, "propagationPolicy": "Orphan"},
        {"orphanDependents": "yes"},
        {"dryRun": {"a": 1}},
        {"dryRun": 5},
        {"dryRun": ["All", "All"]},
        {"dryRun": [5]},
        {"gracePeriodSeconds": True},
    ],
)
def test_a_malformed_delete_is_refused_and_deletes_nothing(
    world: World, body: dict[str, Any]
) -> None:
    world.apply(config_map("c"))
    before = world.store.get(kinds.CONFIG_MAPS, "default", "c")
    answer = world.request("DELETE", f"{CONFIG_MAPS}/c", json=body)
    assert answer.status_code == 400, answer.text
    assert world.store.get(kinds.CONFIG_MAPS, "default", "c") is before


def test_a_delete_that_is_refused_holds_nothing(world: World) -> None:
    world.apply(config_map("c"))
    stale = {"propagationPolicy": "Orphan", "preconditions": {"uid": "another"}}
    assert world.request("DELETE", f"{CONFIG_MAPS}/c", json=stale).status_code == 409
    assert finalizers(world) == []
    version = world.store.get(kinds.CONFIG_MAPS, "default", "c")["metadata"]["resourceVersion"]
    current = {"propagationPolicy": "Foreground", "preconditions": {"resourceVersion": version}}
    assert world.request("DELETE", f"{CONFIG_MAPS}/c", json=current).status_code == 200
    assert finalizers(world) == ["foregroundDeletion"]


def test_an_istio_object_is_replaced_only_by_who_says_what_it_was(world: World) -> None:
    world.apply(virtual_service("web"))
    before = world.store.get(kinds.VIRTUAL_SERVICES, "default", "web")
    blind = virtual_service("web", "v1", hosts=["other"])
    for path in (f"{VIRTUAL_SERVICES}/web", f"{VIRTUAL_SERVICES}/web/status"):
        refused = world.request("PUT", path, json=blind)
        assert refused.status_code == 422
        assert (
            "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
            in (refused.json()["message"])
        )
    assert world.store.get(kinds.VIRTUAL_SERVICES, "default", "web") is before
    blind["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    assert world.request("PUT", f"{VIRTUAL_SERVICES}/web", json=blind).status_code == 200
    world.apply(config_map("c"))
    assert world.request("PUT", f"{CONFIG_MAPS}/c", json=config_map("c", a="b")).status_code == 200


OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "u-1"}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"finalizers": ["alone"]}, "metadata.finalizers[0]: Invalid value: \"alone\": name is "
         "neither a standard finalizer name nor is it fully qualified"),
        ({"finalizers": ["a b/c"]}, 'metadata.finalizers: Invalid value: "a b/c": name part must'),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "cannot be both set"),
        ({"ownerReferences": [{**OWNER, "uid": ""}]},
         'metadata.ownerReferences.uid: Invalid value: "": must not be empty'),
        ({"ownerReferences": [{"uid": "x"}]}, "metadata.ownerReferences.name"),
        ({"ownerReferences": [{**OWNER, "apiVersion": ""}]},
         'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty'),
        ({"ownerReferences": [{**OWNER, "kind": "Event"}]}, "is disallowed from being an owner"),
        ({"ownerReferences": [
            {**OWNER, "controller": True}, {**OWNER, "name": "b", "controller": True}]},
         'Found "true" in references for ConfigMap/owner and ConfigMap/b'),
    ],
)  # fmt: skip
def test_finalizers_and_owners_must_be_sound(
    world: World, metadata: dict[str, Any], words: str
) -> None:
    document = config_map("c")
    document["metadata"].update(metadata)
    answer = world.post(CONFIG_MAPS, document)
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["message"]
    assert world.store.find(kinds.CONFIG_MAPS, "default", "c") is None


def test_what_is_being_deleted_takes_no_new_finalizers(world: World) -> None:
    document = config_map("c")
    document["metadata"]["finalizers"] = ["a.example/one", "a.example/two"]
    assert world.post(CONFIG_MAPS, document).status_code == 201
    assert world.request("DELETE", f"{CONFIG_MAPS}/c").status_code == 200
    document["metadata"]["finalizers"] = ["a.example/one", "a.example/three"]
    refused = world.request("PUT", f"{CONFIG_MAPS}/c", json=document)
    assert refused.status_code == 422
    assert 'found new finalizers []string{"a.example/three"}' in refused.json()["message"]
    document["metadata"]["finalizers"] = ["a.example/two"]
    assert world.request("PUT", f"{CONFIG_MAPS}/c", json=document).status_code == 200
    assert finalizers(world) == ["a.example/two"]


def test_a_finalizer_of_an_istio_object_needs_no_domain(world: World) -> None:
    document = virtual_service("web", "v1")
    document["metadata"]["finalizers"] = ["alone"]
    assert world.post(VIRTUAL_SERVICES, document).status_code == 201
