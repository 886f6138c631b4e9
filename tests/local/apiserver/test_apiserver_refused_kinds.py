"""Kinds that the local cluster knows and does not serve: each says so, at every API version."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from apiserver_world import World, config_map, gateway, named

from harness.local.apiserver import discovery, refused

UNSUPPORTED = (
    "not supported by the local cluster; use a full cluster for it: "
    "make e2e CLUSTER=kind, or CLUSTER=context:NAME"
)


@pytest.mark.parametrize(
    ("api_version", "kind", "where"),
    [
        ("security.istio.io/v1", "PeerAuthentication", "peerauthentications.security.istio.io"),
        ("security.istio.io/v1beta1", "PeerAuthentication",
         "peerauthentications.security.istio.io"),
        ("security.istio.io/v1beta1", "AuthorizationPolicy",
         "authorizationpolicies.security.istio.io"),
        ("security.istio.io/v1beta1", "RequestAuthentication",
         "requestauthentications.security.istio.io"),
        ("telemetry.istio.io/v1alpha1", "Telemetry", "telemetries.telemetry.istio.io"),
        ("networking.istio.io/v1alpha3", "EnvoyFilter", "envoyfilters.networking.istio.io"),
        ("networking.istio.io/v1alpha3", "Sidecar", "sidecars.networking.istio.io"),
        ("networking.istio.io/v1beta1", "Sidecar", "sidecars.networking.istio.io"),
        ("networking.istio.io/v1beta1", "WorkloadEntry", "workloadentries.networking.istio.io"),
        ("networking.istio.io/v1beta1", "WorkloadGroup", "workloadgroups.networking.istio.io"),
        ("networking.istio.io/v1beta1", "ProxyConfig", "proxyconfigs.networking.istio.io"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin", "wasmplugins.extensions.istio.io"),
        ("extensions.istio.io/v1alpha1", "TrafficExtension",
         "trafficextensions.extensions.istio.io"),
        ("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers.autoscaling"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers.autoscaling"),
        ("gateway.networking.k8s.io/v1", "GatewayClass",
         "gatewayclasses.gateway.networking.k8s.io"),
        ("gateway.networking.k8s.io/v1", "Gateway", "gateways.gateway.networking.k8s.io"),
        ("gateway.networking.k8s.io/v1beta1", "Gateway", "gateways.gateway.networking.k8s.io"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes.gateway.networking.k8s.io"),
        ("gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes.gateway.networking.k8s.io"),
        ("certificates.k8s.io/v1", "CertificateSigningRequest",
         "certificatesigningrequests.certificates.k8s.io"),
        ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses.scheduling.k8s.io"),
    ],
)  # fmt: skip
def test_applying_a_kind_that_is_not_served_says_so_and_what_to_use(
    world: World, api_version: str, kind: str, where: str
) -> None:
    document = {"apiVersion": api_version, "kind": kind, **named("web"), "spec": {}}
    assert f"of {where}: {UNSUPPORTED}" in world.apply(document, code=1).err


@pytest.mark.parametrize(
    "name", ["httproutes", "csr", "pc", "priorityclass", "wasmplugin", "proxyconfig", "gc", "gtw"]
)
def test_reading_a_kind_that_is_not_served_says_so(world: World, name: str) -> None:
    assert UNSUPPORTED in world.kubectl("get", name, code=1).err


@pytest.mark.parametrize("name", ["gw", "gateway", "gateways", "Gateway"])
def test_the_gateways_of_istio_are_those_that_a_short_name_means(world: World, name: str) -> None:
    world.apply(gateway("door"))
    found = world.kubectl("get", name, "-o", "name")
    assert found.out == "gateway.networking.istio.io/door\n"
    assert found.err == ""
    deleted = world.kubectl("delete", name, "door").out
    assert deleted.startswith('gateway.networking.istio.io "door" deleted')


def test_no_two_advertised_kinds_share_a_name_but_gateways() -> None:
    names = [
        name
        for group in ("", *discovery.GROUPS)
        for resource in discovery.members(group)
        for name in (resource.plural, *resource.short_names)
    ]
    # Istio's come first: see the test above.
    assert sorted({name for name in names if names.count(name) > 1}) == ["gateways"]


def test_every_kind_that_is_not_served_is_of_an_advertised_group() -> None:
    assert {resource.group for resource in refused.REFUSED} <= {"", *discovery.GROUPS}


def test_versions_of_a_group_are_in_the_order_of_kubernetes() -> None:
    assert discovery.versions("autoscaling") == ("v2", "v1")
    assert discovery.versions("networking.istio.io") == ("v1", "v1beta1", "v1alpha3")
    assert discovery.versions("security.istio.io") == ("v1", "v1beta1")
    assert discovery.versions("telemetry.istio.io") == ("v1", "v1alpha1")


def test_autoscaling_and_priority_classes_are_refused_aloud(world: World) -> None:
    world.kubectl("create", "deployment", "web", "--image=shop/web:1.0.0")
    scaled = world.kubectl(
        "autoscale", "deployment", "web", "--min=1", "--max=3", "--cpu=80%", code=1
    )
    assert f"POST of horizontalpodautoscalers.autoscaling: {UNSUPPORTED}" in scaled.err
    ranked = world.kubectl("create", "priorityclass", "high", "--value=1000", code=1)
    assert f"POST of priorityclasses.scheduling.k8s.io: {UNSUPPORTED}" in ranked.err


def test_pruning_deletes_what_is_no_longer_in_the_files(world: World) -> None:
    kept, dropped = (labelled(config_map(name), app="catalog") for name in ("kept", "dropped"))
    world.apply([kept, dropped])
    world.kubectl("create", "configmap", "foreign")
    world.kubectl("label", "configmap", "foreign", "app=catalog")
    differing = world.kubectl(
        "diff", "--prune", "-l", "app=catalog", "-f", "-", stdin=yaml.safe_dump(kept), code=1
    )
    assert "-  name: dropped" in differing.out
    assert "-  name: kept" not in differing.out
    pruned = world.apply(kept, "--prune", "-l", "app=catalog")
    assert pruned.out == "configmap/kept unchanged\nconfigmap/dropped pruned\n"
    left = world.kubectl("get", "configmaps", "-o", "name").out.split()
    assert left == ["configmap/foreign", "configmap/kept"]


def test_pruning_may_name_any_kind(world: World) -> None:
    kept = labelled(config_map("kept"), app="catalog")
    allowed = "--prune-allowlist=policy/v1/PodDisruptionBudget"
    assert world.apply(kept, "--prune", "-l", "app=catalog", allowed).out == (
        "configmap/kept created\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "pvc"),
        ("get", "pvc", "-l", "app=catalog"),
        ("get", "pvc", "-l", "app=catalog", "-o", "yaml", "--chunk-size=0"),
        ("delete", "pvc", "-l", "app=catalog"),
    ],
)
def test_a_list_that_somebody_asked_for_is_refused(
    world: World, arguments: tuple[str, ...]
) -> None:
    refusal = f"GET of persistentvolumeclaims: {UNSUPPORTED}"
    assert refusal in world.kubectl(*arguments, code=1).err


def test_applying_asks_for_an_object_and_is_refused(world: World) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **named("disk"), "spec": {}}
    answer = world.apply(labelled(claim, app="catalog"), "--prune", "-l", "app=catalog", code=1)
    assert f"GET of persistentvolumeclaims: {UNSUPPORTED}" in answer.err


def labelled(document: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "labels": labels}}
