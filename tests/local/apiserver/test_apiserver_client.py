"""The official Python client: typed, dynamic, watches and their recovery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest
from apiserver_world import World, deployment, named, pod, service, virtual_service
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from harness.local.store import kinds


@pytest.fixture
def client(world: World) -> Iterator[kubernetes.client.ApiClient]:
    with kubernetes.config.new_client_from_config(str(world.kubeconfig)) as made:
        yield made


def test_typed_objects_make_the_round_trip(
    world: World, client: kubernetes.client.ApiClient
) -> None:
    apps, core = kubernetes.client.AppsV1Api(client), kubernetes.client.CoreV1Api(client)
    created = apps.create_namespaced_deployment("default", deployment("web"))
    assert created.spec.strategy.rolling_update.max_surge == "25%"
    scaled = apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 5}})
    assert scaled.spec.replicas == 5
    assert apps.read_namespaced_deployment("web", "default").metadata.generation == 2
    core.create_namespaced_pod("default", pod("p"))
    assert core.list_namespaced_pod("default").items[0].status.phase == "Pending"
    made = core.create_namespaced_service("default", service("web"))
    assert made.spec.cluster_ip.startswith("10.96.")
    assert core.delete_namespaced_pod("p", "default").metadata.name == "p"
    assert core.delete_namespaced_service("web", "default").metadata.name == "web"
    assert apps.delete_namespaced_deployment("web", "default")["status"] == "Success"
    assert core.list_namespace().items[0].status.phase == "Active"
    core.delete_collection_namespaced_config_map("default")
    version = kubernetes.client.VersionApi(client).get_code()
    assert version.git_version.startswith("v1.37")


def test_errors_are_api_exceptions_with_a_reason(client: kubernetes.client.ApiClient) -> None:
    core = kubernetes.client.CoreV1Api(client)
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("none", "default")
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    core.create_namespaced_config_map("default", named("c"))
    with pytest.raises(ApiException) as exists:
        core.create_namespaced_config_map("default", named("c"))
    assert exists.value.status == 409


def test_a_stale_resource_version_is_a_conflict(client: kubernetes.client.ApiClient) -> None:
    core = kubernetes.client.CoreV1Api(client)
    first = core.create_namespaced_config_map("default", named("c"))
    core.patch_namespaced_config_map("c", "default", {"data": {"a": "1"}})
    first.data = {"a": "2"}
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("c", "default", first)
    assert conflict.value.status == 409
    assert "the object has been modified" in conflict.value.body


def test_the_dynamic_client_discovers_istio_kinds(client: kubernetes.client.ApiClient) -> None:
    dynamic = DynamicClient(client)
    services = dynamic.resources.get(api_version="networking.istio.io/v1", kind="VirtualService")
    created = services.create(body=virtual_service("web", "v1"), namespace="default")
    assert created.metadata.generation == 1
    patch = {"spec": {"hosts": ["other"]}}
    patched = services.patch(
        name="web", namespace="default", body=patch, content_type="application/merge-patch+json"
    )
    assert patched.spec.hosts == ["other"]
    assert patched.metadata.generation == 2
    assert [each.metadata.name for each in services.get(namespace="default").items] == ["web"]
    assert services.delete(name="web", namespace="default").status == "Success"


def test_server_side_apply_with_conflicts(client: kubernetes.client.ApiClient) -> None:
    dynamic = DynamicClient(client)
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager: str, data: dict[str, str], force: bool = False) -> Any:
        body = {"apiVersion": "v1", "kind": "ConfigMap", **named("c"), "data": data}
        return maps.server_side_apply(
            body=body, namespace="default", field_manager=manager, force_conflicts=force
        )

    apply("me", {"a": "1"})
    with pytest.raises(ApiException) as conflict:
        apply("you", {"a": "2"})
    assert conflict.value.status == 409
    cause = json.loads(conflict.value.body)["details"]["causes"][0]
    assert (cause["message"], cause["field"]) == ('conflict with "me"', ".data.a")
    assert apply("you", {"a": "2"}, force=True).data.a == "2"
    assert apply("me", {"b": "3"}).data.to_dict() == {"a": "2", "b": "3"}


def test_a_watch_resumes_where_a_list_ended(
    world: World, client: kubernetes.client.ApiClient
) -> None:
    core = kubernetes.client.CoreV1Api(client)
    listed = core.list_namespaced_config_map("default")
    core.create_namespaced_config_map("default", named("c"))
    core.patch_namespaced_config_map("c", "default", {"data": {"a": "1"}})
    core.delete_namespaced_config_map("c", "default")
    seen = [
        (event["type"], event["object"].metadata.name)
        for event in kubernetes.watch.Watch().stream(
            core.list_namespaced_config_map,
            "default",
            resource_version=listed.metadata.resource_version,
            timeout_seconds=1,
        )
    ]
    assert seen == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]


def test_a_watch_that_is_too_old_gets_410(
    world: World, client: kubernetes.client.ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.local.store.store.HISTORY", 3)
    core = kubernetes.client.CoreV1Api(client)
    start = core.list_namespaced_config_map("default").metadata.resource_version
    for number in range(6):
        world.do(lambda n=number: world.store.create(kinds.CONFIG_MAPS, named(f"c{n}"), "default"))
    old = kubernetes.watch.Watch().stream(
        core.list_namespaced_config_map, "default", resource_version=start, timeout_seconds=1
    )
    with pytest.raises(ApiException) as expired:
        list(old)
    assert expired.value.status == 410


def test_strict_models_accept_every_served_kind(
    world: World, client: kubernetes.client.ApiClient
) -> None:
    core, apps = kubernetes.client.CoreV1Api(client), kubernetes.client.AppsV1Api(client)
    discovery = kubernetes.client.DiscoveryV1Api(client)
    for resource in kinds.ALL:
        if resource not in (kinds.NAMESPACES, *kinds.ISTIO):
            world.do(lambda r=resource: world.store.create(r, _sample(r), "default"))
    for found in (
        core.list_namespace(),
        core.list_node(),
        core.list_namespaced_pod("default"),
        core.list_namespaced_service("default"),
        core.list_namespaced_endpoints("default"),
        core.list_namespaced_config_map("default"),
        core.list_namespaced_secret("default"),
        core.list_namespaced_service_account("default"),
        core.list_namespaced_event("default"),
        apps.list_namespaced_deployment("default"),
        apps.list_namespaced_replica_set("default"),
        discovery.list_namespaced_endpoint_slice("default"),
    ):
        assert found.items[0].metadata.uid


def _sample(resource: kinds.Resource) -> dict[str, Any]:
    if resource is kinds.PODS:
        return pod("x")
    if resource in (kinds.DEPLOYMENTS, kinds.REPLICA_SETS):
        template = deployment("x")
        if resource is kinds.REPLICA_SETS:
            template["spec"].pop("strategy", None)
        return {"metadata": template["metadata"], "spec": template["spec"]}
    if resource is kinds.SERVICES:
        return service("x")
    if resource is kinds.EVENTS:
        return {**named("x"), "involvedObject": {"kind": "Pod", "name": "x"}}
    if resource is kinds.ENDPOINT_SLICES:
        return {**named("x"), "addressType": "IPv4", "endpoints": []}
    return named("x")
