"""Services and ready pods as EndpointSlices and Endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.local.store import EventType, Object, kinds
from tests.local.controllers.controlled import (
    NAMESPACE,
    Controlled,
    controlled,
    deployment,
    set_replicas,
)


def service(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": NAMESPACE, "labels": {"team": "a"}},
        "spec": {
            "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            **spec,
        },
    }


def endpoints(slice_: Object) -> dict[str, tuple[bool, bool, bool]]:
    return {
        endpoint["addresses"][0]: (
            endpoint["conditions"]["ready"],
            endpoint["conditions"]["serving"],
            endpoint["conditions"]["terminating"],
        )
        for endpoint in slice_["endpoints"]
    }


def ports(obj: Object) -> list[tuple[str, int]]:
    return [(port["name"], port["port"]) for port in obj["ports"]]


def pod_addresses(c: Controlled) -> list[str]:
    return [pod["status"]["podIP"] for pod in c.list(kinds.PODS)]


def at_another_port() -> dict[str, Any]:
    """A second Deployment behind the Service, whose port of the same name is 4000."""
    other = deployment("other", replicas=1)
    other["spec"]["selector"]["matchLabels"] = {"app": "web", "v": "2"}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "web", "v": "2"}
    other["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = 4000
    return other


def test_pods_appear_when_they_have_an_address_and_count_when_ready():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            c.store.create(kinds.DEPLOYMENTS, deployment())
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert slice_["endpoints"] == []
            c.run_pods(ready=False)
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            first, second = pod_addresses(c)
            assert endpoints(slice_) == dict.fromkeys((first, second), (False, False, False))
            (legacy,) = c.list(kinds.ENDPOINTS)
            assert [a["ip"] for a in legacy["subsets"][0]["notReadyAddresses"]] == [first, second]
            c.set_ready(c.list(kinds.PODS)[0], True)
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert endpoints(slice_) == {first: (True, True, False), second: (False, False, False)}
            assert ports(slice_) == [("http", 3000)]
            assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
            assert slice_["endpoints"][0]["targetRef"]["kind"] == "Pod"
            (legacy,) = c.list(kinds.ENDPOINTS)
            assert [a["ip"] for a in legacy["subsets"][0]["addresses"]] == [first]
            assert ports(legacy["subsets"][0]) == [("http", 3000)]

    asyncio.run(scenario())


def test_an_ending_pod_is_dropped_before_it_stops():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            await c.roll()
            pod = c.list(kinds.PODS)[0]
            c.store.update(kinds.PODS, {**pod, "spec": {**pod["spec"], "nodeName": "local"}})
            c.store.delete(kinds.PODS, NAMESPACE, pod["metadata"]["name"], grace_seconds=30)
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert endpoints(slice_)[pod["status"]["podIP"]] == (False, True, True)

    asyncio.run(scenario())


def test_a_named_port_resolves_per_pod():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            c.store.create(kinds.DEPLOYMENTS, at_another_port())
            await c.roll()
            found = sorted(ports(slice_) for slice_ in c.list(kinds.ENDPOINT_SLICES))
            assert found == [[("http", 3000)], [("http", 4000)]]
            c.store.delete(kinds.DEPLOYMENTS, NAMESPACE, "other")
            await c.settle()
            assert [ports(s) for s in c.list(kinds.ENDPOINT_SLICES)] == [[("http", 3000)]]

    asyncio.run(scenario())


def test_a_port_name_that_the_pod_lacks_gives_no_port():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service(ports=[{"port": 80, "targetPort": "grpc"}]))
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            await c.roll()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert slice_["ports"] == []

    asyncio.run(scenario())


def test_labels_decide_at_once():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            c.store.create(
                kinds.PODS,
                {
                    "metadata": {"name": "lone", "namespace": NAMESPACE, "labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "c", "image": "web:1"}]},
                },
            )
            c.run_pods()
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert len(slice_["endpoints"]) == 1
            c.edit(kinds.PODS, "lone", lambda pod: pod["metadata"].update(labels={"app": "x"}))
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert slice_["endpoints"] == []

    asyncio.run(scenario())


def test_a_service_that_loses_its_pods_and_gets_some_again_keeps_its_slice():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            await c.settle()
            (first,) = c.list(kinds.ENDPOINT_SLICES)
            with c.store.watch(kinds.ENDPOINT_SLICES) as watch:
                c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
                await c.roll()
                for count in (0, 1):
                    c.edit_deployment(set_replicas(count))
                    await c.roll()
                    (slice_,) = c.list(kinds.ENDPOINT_SLICES)
                    assert slice_["metadata"]["uid"] == first["metadata"]["uid"]
                    assert len(slice_["endpoints"]) == count
                    assert ports(slice_) == [("http", 3000)][:count]
                assert {event.type for event in watch.take()} == {EventType.MODIFIED}

    asyncio.run(scenario())


def test_slices_that_came_to_serve_other_ports_do_not_take_each_other_s_names():
    def serve(target: int | str) -> Callable[[dict[str, Any]], None]:
        return lambda obj: obj["spec"].update(ports=[{"port": 80, "targetPort": target}])

    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service(ports=[{"port": 80, "targetPort": 3000}]))
            c.store.create(kinds.DEPLOYMENTS, deployment(replicas=1))
            c.store.create(kinds.DEPLOYMENTS, at_another_port())
            await c.roll()
            (first,) = c.list(kinds.ENDPOINT_SLICES)
            for target in (4000, "http"):
                c.edit(kinds.SERVICES, "web", serve(target))
                await c.settle()
            found = {s["ports"][0]["port"]: s for s in c.list(kinds.ENDPOINT_SLICES)}
            assert sorted(found) == [3000, 4000]
            assert all(len(slice_["endpoints"]) == 1 for slice_ in found.values())
            assert found[4000]["metadata"]["uid"] == first["metadata"]["uid"]
            assert not [e for e in c.list(kinds.EVENTS) if e["type"] == "Warning"]

    asyncio.run(scenario())


def test_a_slice_of_another_service_of_that_name_is_not_taken_over():
    async def scenario() -> None:
        async with controlled() as c:
            earlier = {
                "apiVersion": "example.com/v1", "kind": "Other", "name": "web", "uid": "u-1",
                "controller": True,
            }  # fmt: skip
            labels = {
                "kubernetes.io/service-name": "web",
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            }
            stray = {
                "metadata": {
                    "name": "web-stray", "namespace": NAMESPACE, "labels": labels,
                    "ownerReferences": [earlier],
                },
                "addressType": "IPv4", "endpoints": [], "ports": [],
            }  # fmt: skip
            c.store.create(kinds.ENDPOINT_SLICES, stray)
            c.store.create(kinds.SERVICES, service())
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            assert slice_["metadata"]["name"] != "web-stray"

    asyncio.run(scenario())


def test_a_slice_deleted_by_hand_comes_back_and_goes_with_its_service():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service())
            await c.settle()
            (slice_,) = c.list(kinds.ENDPOINT_SLICES)
            c.store.delete(kinds.ENDPOINT_SLICES, NAMESPACE, slice_["metadata"]["name"])
            c.store.delete(kinds.ENDPOINTS, NAMESPACE, "web")
            await c.settle()
            assert len(c.list(kinds.ENDPOINT_SLICES)) == len(c.list(kinds.ENDPOINTS)) == 1
            c.store.delete(kinds.SERVICES, NAMESPACE, "web")
            await c.settle()
            assert c.list(kinds.ENDPOINT_SLICES) == c.list(kinds.ENDPOINTS) == []

    asyncio.run(scenario())


def test_services_without_selector_are_left_to_their_owner():
    async def scenario() -> None:
        async with controlled() as c:
            c.store.create(kinds.SERVICES, service(selector={}))
            await c.settle()
            assert c.list(kinds.ENDPOINT_SLICES) == []

    asyncio.run(scenario())
