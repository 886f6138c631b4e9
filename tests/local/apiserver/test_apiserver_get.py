"""kubectl get in its forms: columns, selectors, watches."""

from __future__ import annotations

import json
from typing import Any

import pytest
from apiserver_world import (
    World,
    config_map,
    deployment,
    destination_rule,
    gateway,
    named,
    pod,
    service,
    virtual_service,
)

from harness.local.store import kinds


def headings(text: str) -> list[str]:
    return text.splitlines()[0].split()


@pytest.mark.parametrize(
    ("plural", "normal", "wide"),
    [
        ("pods", "NAME READY STATUS RESTARTS AGE", "IP NODE NOMINATED NODE READINESS GATES"),
        ("deployments", "NAME READY UP-TO-DATE AVAILABLE AGE", "CONTAINERS IMAGES SELECTOR"),
        ("replicasets", "NAME DESIRED CURRENT READY AGE", "CONTAINERS IMAGES SELECTOR"),
        ("services", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE", "SELECTOR"),
        ("endpoints", "NAME ENDPOINTS AGE", ""),
        ("endpointslices", "NAME ADDRESSTYPE PORTS ENDPOINTS AGE", ""),
        ("configmaps", "NAME DATA AGE", ""),
        ("secrets", "NAME TYPE DATA AGE", ""),
        ("serviceaccounts", "NAME SECRETS AGE", ""),
        ("namespaces", "NAME STATUS AGE", ""),
        (
            "nodes",
            "NAME STATUS ROLES AGE VERSION",
            "INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
        ),
        ("virtualservices", "NAME GATEWAYS HOSTS AGE", ""),
        ("gateways", "NAME AGE", ""),
        ("destinationrules", "NAME HOST AGE", ""),
        ("serviceentries", "NAME HOSTS LOCATION RESOLUTION AGE", ""),
    ],
)
def test_columns_are_those_of_a_real_server(
    world: World, plural: str, normal: str, wide: str
) -> None:
    samples: dict[str, dict[str, Any]] = {
        "pods": pod("x"),
        "deployments": deployment("x"),
        "replicasets": {**deployment("x"), "kind": "ReplicaSet"},
        "services": service("x"),
        "virtualservices": virtual_service("x"),
        "gateways": gateway("x"),
        "destinationrules": destination_rule("x"),
    }
    resource = next(each for each in kinds.ALL if each.plural == plural)
    if plural != "namespaces":
        sample = samples.get(plural, named("x"))
        world.do(lambda: world.store.create(resource, sample, "default"))
    assert headings(world.kubectl("get", plural).out) == normal.split()
    assert headings(world.kubectl("get", plural, "-o", "wide").out) == f"{normal} {wide}".split()


def test_events_have_their_own_columns(world: World) -> None:
    event = {
        **named("web.1"),
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"},
        "reason": "Started",
        "message": "Started container web",
        "type": "Normal",
        "lastTimestamp": "2020-01-01T00:00:00Z",
    }
    world.do(lambda: world.store.create(kinds.EVENTS, event, "default"))
    lines = world.kubectl("get", "events").out.splitlines()
    assert lines[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert lines[1].split(maxsplit=4)[1:] == [
        "Normal",
        "Started",
        "pod/web",
        "Started container web",
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Running"}, "Running"),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            "CrashLoopBackOff",
        ),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]},
            "ErrImagePull",
        ),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}, "ExitCode:3"),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}, "Error"),
        ({"reason": "Evicted", "phase": "Failed"}, "Evicted"),
    ],
)
def test_status_of_a_pod_is_the_word_people_know(
    world: World, status: dict[str, Any], word: str
) -> None:
    world.do(lambda: world.store.create(kinds.PODS, {**pod("p"), "status": status}, "default"))
    assert world.kubectl("get", "pod", "p").out.splitlines()[1].split()[2] == word


def test_lists_in_istio_columns_print_as_json(world: World) -> None:
    world.apply(virtual_service("web", gateways=["mesh", "g"]))
    row = world.kubectl("get", "vs").out.splitlines()[1].split()
    assert row[:3] == ["web", '["mesh","g"]', '["web"]']


def test_several_kinds_and_get_all(world: World) -> None:
    world.apply([virtual_service("web"), gateway("g"), deployment("web"), service("web")])
    both = world.kubectl("get", "vs,gw").out
    assert "virtualservice.networking.istio.io/web" in both
    assert "gateway.networking.istio.io/g" in both
    everything = world.kubectl("get", "all").out
    assert "deployment.apps/web" in everything
    assert "service/web" in everything


def test_output_forms(world: World) -> None:
    world.apply(config_map("c", a="b"))
    assert json.loads(world.kubectl("get", "cm", "c", "-o", "json").out)["data"] == {"a": "b"}
    assert world.kubectl("get", "cm", "-o", "name").out == "configmap/c\n"
    assert world.kubectl("get", "cm", "c", "-o", "jsonpath={.data.a}").out == "b"
    columns = world.kubectl("get", "cm", "-o", "custom-columns=N:.metadata.name")
    assert columns.out.split() == ["N", "c"]
    assert "a: b" in world.kubectl("get", "cm", "c", "-o", "yaml").out


def test_every_version_of_an_istio_kind_is_served(world: World) -> None:
    world.apply(virtual_service("web", "v1alpha3"))
    for version in ("v1alpha3", "v1beta1", "v1"):
        resource = f"virtualservices.{version}.networking.istio.io"
        shown = json.loads(world.kubectl("get", resource, "web", "-o", "json").out)
        assert shown["apiVersion"] == f"networking.istio.io/{version}"
    assert world.apply(virtual_service("web", "v1")).out.endswith("configured\n")


def test_selectors_and_all_namespaces(world: World) -> None:
    world.kubectl("create", "namespace", "shop")
    world.apply([deployment("web"), deployment("api")])
    world.kubectl("-n", "shop", "create", "configmap", "c")
    found = world.kubectl("get", "deploy", "-l", "app in (web, x)", "-o", "name").out
    assert found == "deployment.apps/web\n"
    named_one = world.kubectl(
        "get", "deploy", "--field-selector", "metadata.name!=web", "-o", "name"
    )
    assert named_one.out == "deployment.apps/api\n"
    everywhere = world.kubectl("get", "cm", "-A").out.splitlines()
    assert everywhere[1].split()[:2] == ["shop", "c"]
    refused = world.kubectl("get", "deploy", "--field-selector", "spec.paused=true", code=1)
    assert 'field label not supported: "spec.paused"' in refused.err


def test_who_reads_endpoints_is_told_of_their_successor(world: World) -> None:
    document = {"apiVersion": "v1", "kind": "Endpoints", **named("web")}
    applied = world.apply(document)
    shown = world.kubectl("get", "endpoints", "web")
    listed = world.kubectl("get", "ep")
    for told in (applied, shown, listed):
        assert "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 " in told.err
    assert "Warning" not in world.kubectl("get", "endpointslices").err


def test_watching_prints_each_change(world: World) -> None:
    world.apply(config_map("c"))
    with world.running("get", "cm", "-w") as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().split() == ["NAME", "DATA", "AGE"]
        assert watching.stdout.readline().split()[:2] == ["c", "0"]
        world.apply(config_map("c", a="b"))
        assert watching.stdout.readline().split()[:2] == ["c", "1"]


def test_pages_cover_everything_once(world: World) -> None:
    for number in range(7):
        world.do(lambda n=number: world.store.create(kinds.CONFIG_MAPS, named(f"c{n}"), "default"))
    pages = world.kubectl("get", "cm", "--chunk-size=3", "-o", "name").out.split()
    assert pages == [f"configmap/c{number}" for number in range(7)]
    first = world.request("GET", "/api/v1/namespaces/default/configmaps?limit=3").json()
    assert first["metadata"]["remainingItemCount"] == 4


def test_describe_shows_the_object_and_its_events(world: World) -> None:
    world.apply(deployment("web"))
    uid = world.store.get(kinds.DEPLOYMENTS, "default", "web")["metadata"]["uid"]
    about = {"kind": "Deployment", "name": "web", "namespace": "default", "uid": uid}
    event = {
        **named("web.1"),
        "involvedObject": about,
        "reason": "ScalingReplicaSet",
        "message": "m",
    }
    world.do(lambda: world.store.create(kinds.EVENTS, event, "default"))
    described = world.kubectl("describe", "deployment", "web").out
    assert "StrategyType:           RollingUpdate" in described
    assert "ScalingReplicaSet" in described
    world.apply(virtual_service("web"))
    assert "API Version:  networking.istio.io/v1" in world.kubectl("describe", "vs", "web").out


def test_discovery_explain_and_identity(world: World) -> None:
    listed = world.kubectl("api-resources").out
    assert ["virtualservices", "vs"] in [line.split()[:2] for line in listed.splitlines()]
    assert "networking.istio.io/v1alpha3" in world.kubectl("api-versions").out
    field = world.kubectl("explain", "virtualservice.spec.http.route.destination.subset").out
    assert "FIELD: subset <string>" in field
    assert "periodSeconds" in world.kubectl("explain", "pod.spec.containers.readinessProbe").out
    assert world.kubectl("auth", "can-i", "create", "pods").out == "yes\n"
    assert "Server Version: v1.37" in world.kubectl("version").out
    assert "is running at https://127.0.0.1" in world.kubectl("cluster-info").out


def test_a_misspelt_kind_and_kinds_that_are_not_served(world: World) -> None:
    unknown = world.kubectl("get", "virtualservicess", code=1)
    assert "the server doesn't have a resource type" in unknown.err
    assert world.kubectl("get", "jobs").err == "No resources found in default namespace.\n"
    job = {"apiVersion": "batch/v1", "kind": "Job", **named("j"), "spec": {}}
    refused = world.apply(job, code=1)
    assert "jobs.batch: not supported by the local cluster" in refused.err
    assert "CLUSTER=kind" in refused.err
