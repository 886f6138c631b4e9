"""The store's bookkeeping: uid, resourceVersion, generation, deletion, addresses, defaults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.local.store import (
    AlreadyExists,
    Conflict,
    EventType,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    Store,
    kinds,
)
from harness.local.store.defaults import apply_defaults, qos_class
from harness.local.store.store import copied

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def store() -> Store:
    made = Store(prepare=apply_defaults, now=lambda: NOW)
    made.create(kinds.NAMESPACES, {"metadata": {"name": "n"}})
    return made


def service(store: Store, name: str, **spec: Any) -> Mapping[str, Any]:
    spec = {"ports": [{"port": 80}], **spec}
    return store.create(kinds.SERVICES, {"metadata": {"name": name}, "spec": spec}, "n")


def pod(store: Store, name: str, **more: Any) -> Mapping[str, Any]:
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "here"}
    return store.create(kinds.PODS, {"metadata": {"name": name, **more}, "spec": spec}, "n")


def test_what_the_server_owns_is_set_and_kept(store: Store) -> None:
    created = store.create(
        kinds.CONFIG_MAPS, {"metadata": {"name": "c", "uid": "mine", "generation": 9}}, "n"
    )
    metadata = created["metadata"]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2030-01-02T03:04:05Z"
    assert "generation" not in metadata
    changed = copied(created)
    changed["metadata"] |= {"uid": metadata["uid"], "creationTimestamp": "1970-01-01T00:00:00Z"}
    changed["data"] = {"a": "b"}
    updated = store.update(kinds.CONFIG_MAPS, changed)
    assert updated["metadata"]["creationTimestamp"] == metadata["creationTimestamp"]
    assert int(updated["metadata"]["resourceVersion"]) > int(metadata["resourceVersion"])


def test_generation_counts_changes_of_what_is_wanted_only(store: Store) -> None:
    first = store.create(
        kinds.DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": {"replicas": 1}}, "n"
    )
    assert first["metadata"]["generation"] == 1
    labelled = copied(first)
    labelled["metadata"]["labels"] = {"a": "b"}
    assert store.update(kinds.DEPLOYMENTS, labelled)["metadata"]["generation"] == 1
    status = copied(store.get(kinds.DEPLOYMENTS, "n", "d"))
    status["status"] = {"replicas": 1}
    status["spec"] = {"replicas": 99}
    after = store.update_status(kinds.DEPLOYMENTS, status)
    assert (after["metadata"]["generation"], after["spec"]["replicas"]) == (1, 1)
    scaled = copied(after)
    scaled["spec"]["replicas"] = 2
    scaled["status"] = {"replicas": 77}
    final = store.update(kinds.DEPLOYMENTS, scaled)
    assert (final["metadata"]["generation"], final["status"]["replicas"]) == (2, 1)


def test_a_write_that_changes_nothing_is_none(store: Store) -> None:
    created = store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    version = store.version
    assert store.update(kinds.CONFIG_MAPS, copied(created)) is created
    assert store.version == version


def test_preconditions(store: Store) -> None:
    created = store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    stale = copied(created)
    stale["metadata"]["resourceVersion"] = "1"
    with pytest.raises(Conflict, match="the object has been modified"):
        store.update(kinds.CONFIG_MAPS, stale)
    for wrong in ({"uid": "other"}, {"resource_version": "1"}):
        with pytest.raises(Conflict, match="Precondition failed"):
            store.delete(kinds.CONFIG_MAPS, "n", "c", **wrong)
    store.delete(kinds.CONFIG_MAPS, "n", "c", uid=created["metadata"]["uid"])


def test_a_delete_says_which_finalizer_of_the_garbage_collector_holds_the_object(
    store: Store,
) -> None:
    def finalizers(name: str) -> list[str]:
        return list(store.get(kinds.CONFIG_MAPS, "n", name)["metadata"].get("finalizers", ()))

    created = store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    version = created["metadata"]["resourceVersion"]
    with pytest.raises(Conflict, match="Precondition failed"):
        store.delete(kinds.CONFIG_MAPS, "n", "c", propagation="Orphan", uid="other")
    assert store.get(kinds.CONFIG_MAPS, "n", "c") is created
    store.delete(kinds.CONFIG_MAPS, "n", "c", propagation="Orphan", dry_run=True)
    assert store.get(kinds.CONFIG_MAPS, "n", "c") is created
    marked = store.delete(
        kinds.CONFIG_MAPS, "n", "c", propagation="Foreground", resource_version=version
    )
    assert "deletionTimestamp" in marked["metadata"]
    assert finalizers("c") == ["foregroundDeletion"]
    store.delete(kinds.CONFIG_MAPS, "n", "c", propagation="Orphan")
    assert finalizers("c") == ["orphan"]
    assert store.delete(kinds.CONFIG_MAPS, "n", "c") is store.get(kinds.CONFIG_MAPS, "n", "c")
    store.delete(kinds.CONFIG_MAPS, "n", "c", propagation="Background")
    assert store.find(kinds.CONFIG_MAPS, "n", "c") is None

    held = {"metadata": {"name": "h", "finalizers": ["a.example/b", "orphan"]}}
    store.create(kinds.CONFIG_MAPS, held, "n")
    store.delete(kinds.CONFIG_MAPS, "n", "h", propagation="Background")
    assert finalizers("h") == ["a.example/b"]


def test_refusals_name_the_object(store: Store) -> None:
    store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    with pytest.raises(AlreadyExists, match='configmaps "c" already exists'):
        store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    with pytest.raises(NotFound, match=r'deployments\.apps "d" not found'):
        store.get(kinds.DEPLOYMENTS, "n", "d")
    with pytest.raises(NotFound, match='namespaces "none" not found'):
        store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "none")
    with pytest.raises(Invalid, match="name or generateName is required"):
        store.create(kinds.CONFIG_MAPS, {}, "n")


def test_generated_names_begin_with_their_prefix(store: Store) -> None:
    made = store.create(kinds.CONFIG_MAPS, {"metadata": {"generateName": "c-"}}, "n")
    assert made["metadata"]["name"].startswith("c-")
    assert len(made["metadata"]["name"]) == 7


def test_a_namespace_ends_in_two_steps(store: Store) -> None:
    marked = store.delete(kinds.NAMESPACES, "", "n")
    assert marked["status"]["phase"] == "Terminating"
    with pytest.raises(Forbidden, match="being terminated"):
        store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    store.purge(kinds.NAMESPACES, "", "n")
    assert store.find(kinds.NAMESPACES, "", "n") is None


def test_a_pods_grace_period_can_be_shortened_not_prolonged(store: Store) -> None:
    pod(store, "p")
    marked = store.delete(kinds.PODS, "n", "p", grace_seconds=30)["metadata"]
    assert marked["deletionTimestamp"] == "2030-01-02T03:04:35Z"
    assert (marked["deletionGracePeriodSeconds"], marked["generation"]) == (30, 2)
    same = store.delete(kinds.PODS, "n", "p", grace_seconds=60)["metadata"]
    assert same["deletionGracePeriodSeconds"] == 30
    shorter = store.delete(kinds.PODS, "n", "p", grace_seconds=5)["metadata"]
    assert shorter["deletionTimestamp"] == "2030-01-02T03:04:10Z"
    store.delete(kinds.PODS, "n", "p")
    assert store.find(kinds.PODS, "n", "p") is None


def test_an_object_with_finalizers_goes_with_the_last_of_them(store: Store) -> None:
    store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c", "finalizers": ["a", "b"]}}, "n")
    held = store.delete(kinds.CONFIG_MAPS, "n", "c")
    assert "deletionTimestamp" in held["metadata"]
    for left in (["b"], []):
        new = copied(store.get(kinds.CONFIG_MAPS, "n", "c"))
        new["metadata"]["finalizers"] = left
        store.update(kinds.CONFIG_MAPS, new)
    assert store.find(kinds.CONFIG_MAPS, "n", "c") is None


def test_a_dying_pod_is_not_gone_because_its_finalizer_is(store: Store) -> None:
    pod(store, "p", finalizers=["a"])
    store.delete(kinds.PODS, "n", "p", grace_seconds=30)
    new = copied(store.get(kinds.PODS, "n", "p"))
    new["metadata"]["finalizers"] = []
    store.update(kinds.PODS, new)
    assert store.find(kinds.PODS, "n", "p") is not None


def test_stored_objects_are_not_the_callers(store: Store) -> None:
    document = {"metadata": {"name": "c"}, "data": {"a": "1"}}
    store.create(kinds.CONFIG_MAPS, document, "n")
    document["data"]["a"] = "2"
    assert store.get(kinds.CONFIG_MAPS, "n", "c")["data"] == {"a": "1"}


def test_a_dry_run_stores_and_tells_nothing(store: Store) -> None:
    with store.watch(kinds.SERVICES) as watch:
        tried = store.create(
            kinds.SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}, "n",
            dry_run=True,
        )  # fmt: skip
        assert tried["spec"]["clusterIP"]
        assert store.find(kinds.SERVICES, "n", "s") is None
        assert watch.take() == []


# --- watches ---------------------------------------------------------------------------------


def test_a_watch_of_several_kinds_is_in_order_and_carries_the_state_before(store: Store) -> None:
    with store.watch((kinds.CONFIG_MAPS, kinds.SECRETS)) as watch:
        first = store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
        store.create(kinds.SECRETS, {"metadata": {"name": "s"}}, "n")
        store.delete(kinds.CONFIG_MAPS, "n", "c")
        events = watch.take()
    assert [(event.type, event.resource.plural) for event in events] == [
        (EventType.ADDED, "configmaps"),
        (EventType.ADDED, "secrets"),
        (EventType.DELETED, "configmaps"),
    ]
    assert events[2].previous is first
    assert int(events[2].object["metadata"]["resourceVersion"]) == events[2].version
    assert watch.take() == []


def test_a_trimmed_history_expires_a_watch_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.local.store.store.HISTORY", 2)
    watch = store.watch(kinds.CONFIG_MAPS)
    for number in range(4):
        store.create(kinds.CONFIG_MAPS, {"metadata": {"name": f"c{number}"}}, "n")
    with pytest.raises(Expired, match="too old resource version"):
        watch.take()
    with store.watch(kinds.CONFIG_MAPS, since=store.version - 2) as recent:
        assert len(recent.take()) == 2


def test_waiting_ends_with_the_next_change(store: Store) -> None:
    async def wait() -> list[Any]:
        with store.watch(kinds.CONFIG_MAPS) as watch:
            waiting = asyncio.create_task(watch.wait())
            asyncio.get_running_loop().call_soon(
                lambda: store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
            )
            return await asyncio.wait_for(waiting, 5)

    assert [event.type for event in asyncio.run(wait())] == [EventType.ADDED]
    assert not any(store._wakers.values())


def test_a_change_of_another_kind_moves_the_position_and_wakes_nobody(store: Store) -> None:
    async def wait() -> tuple[int, bool]:
        with store.watch(kinds.SECRETS) as watch:
            waiting = asyncio.create_task(watch.wait())
            await asyncio.sleep(0)
            store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
            await asyncio.sleep(0)
            position, woken = watch.position, watch._waker.is_set()
            waiting.cancel()
            return position, woken

    assert asyncio.run(wait()) == (store.version, False)


def test_the_position_waits_for_changes_that_have_not_been_taken(store: Store) -> None:
    before = store.version
    store.create(kinds.CONFIG_MAPS, {"metadata": {"name": "c"}}, "n")
    with store.watch(kinds.CONFIG_MAPS, since=before) as watch:
        assert watch.position == before
        assert len(watch.take()) == 1
        assert watch.position == store.version


# --- addresses of Services -------------------------------------------------------------------


def test_addresses_are_sequential_stable_and_returned(store: Store) -> None:
    addresses = [service(store, name)["spec"]["clusterIP"] for name in "abc"]
    assert addresses == ["10.96.0.2", "10.96.0.3", "10.96.0.4"]
    changed = copied(store.get(kinds.SERVICES, "n", "b"))
    del changed["spec"]["clusterIP"], changed["spec"]["clusterIPs"]
    changed["metadata"]["labels"] = {"x": "y"}
    assert store.update(kinds.SERVICES, changed)["spec"]["clusterIP"] == "10.96.0.3"
    store.delete(kinds.SERVICES, "n", "b")
    assert service(store, "d")["spec"]["clusterIPs"] == ["10.96.0.3"]


def test_an_address_is_given_once(store: Store) -> None:
    assert service(store, "a", clusterIP="10.96.5.5")["spec"]["clusterIP"] == "10.96.5.5"
    with pytest.raises(Invalid, match="provided IP is already allocated"):
        service(store, "b", clusterIP="10.96.5.5")
    with pytest.raises(Invalid, match="not in the valid range"):
        service(store, "b", clusterIP="10.0.0.1")
    assert service(store, "h", clusterIP="None")["spec"]["clusterIP"] == "None"
    external = service(store, "e", type="ExternalName", externalName="x.example")
    assert "clusterIP" not in external["spec"]


def test_node_ports_are_kept_and_never_shared(store: Store) -> None:
    made = service(store, "a", type="NodePort", ports=[{"port": 80}, {"port": 81, "name": "b"}])
    assert [port["nodePort"] for port in made["spec"]["ports"]] == [30000, 30001]
    changed = copied(made)
    for port in changed["spec"]["ports"]:
        del port["nodePort"]
    assert store.update(kinds.SERVICES, changed) is made
    with pytest.raises(Invalid, match="provided port is already allocated"):
        service(store, "b", type="LoadBalancer", ports=[{"port": 80, "nodePort": 30001}])
    internal = copied(made)
    internal["spec"]["type"] = "ClusterIP"
    ports = store.update(kinds.SERVICES, internal)["spec"]["ports"]
    assert all("nodePort" not in port for port in ports)


# --- defaults --------------------------------------------------------------------------------


def test_defaults_are_those_of_an_api_server() -> None:
    deployment: dict[str, Any] = {
        "metadata": {"name": "d"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "image": "shop/web",
                            "ports": [{"containerPort": 1}],
                            "readinessProbe": {"httpGet": {"port": 1}},
                        }
                    ]
                }
            }
        },
    }
    apply_defaults(kinds.DEPLOYMENTS, deployment)
    spec = deployment["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (
        1, 10, 600,
    )  # fmt: skip
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
    template = spec["template"]["spec"]
    assert template["restartPolicy"] == "Always"
    assert template["terminationGracePeriodSeconds"] == 30
    container = template["containers"][0]
    assert container["imagePullPolicy"] == "Always"
    assert container["ports"] == [{"containerPort": 1, "protocol": "TCP"}]
    assert container["readinessProbe"] == {
        "httpGet": {"port": 1, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    }  # fmt: skip


def test_explicit_values_stay() -> None:
    recreate: dict[str, Any] = {
        "metadata": {"name": "d"},
        "spec": {"replicas": 0, "strategy": {"type": "Recreate"}},
    }
    apply_defaults(kinds.DEPLOYMENTS, recreate)
    assert recreate["spec"]["replicas"] == 0
    assert recreate["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("a", "Always"), ("a:latest", "Always"), ("a:1", "IfNotPresent"),
        ("host:5000/a", "Always"), ("a@sha256:0", "IfNotPresent"),
    ],
)  # fmt: skip
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    pod: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"image": image}]}}
    apply_defaults(kinds.PODS, pod)
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1"}}, "Guaranteed"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], wanted: str) -> None:
    assert qos_class({"containers": [{"resources": resources}]}) == wanted


@given(st.sampled_from(kinds.ALL))
def test_defaults_are_idempotent(resource: kinds.Resource) -> None:
    obj: dict[str, Any] = {"metadata": {"name": "x"}}
    apply_defaults(resource, obj)
    once = copied(obj)
    apply_defaults(resource, obj, once)
    assert obj == once
