"""kubectl create, label, annotate, apply, diff and delete, as typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from apiserver_world import (
    World,
    config_map,
    deployment,
    destination_rule,
    gateway,
    pod,
    service,
    virtual_service,
)

from harness.local.store import kinds


def server_side(world: World, plural: str, document: dict[str, Any]) -> requests.Response:
    """A server-side apply by the manager ``me``, as sent by a client without a schema."""
    name = document["metadata"]["name"]
    return world.request(
        "PATCH",
        f"/api/v1/namespaces/default/{plural}/{name}?fieldManager=me",
        headers={"Content-Type": "application/apply-patch+yaml"},
        data=json.dumps(document),
    )


def test_namespace_is_created_labelled_and_annotated(world: World) -> None:
    assert world.kubectl("create", "namespace", "shop").out == "namespace/shop created\n"
    labelled = world.kubectl("label", "namespace", "shop", "istio-injection=enabled")
    assert labelled.out == "namespace/shop labeled\n"
    world.kubectl("annotate", "namespace", "shop", "why=tutorial")
    metadata = world.store.get(kinds.NAMESPACES, "", "shop")["metadata"]
    assert metadata["labels"] == {
        "kubernetes.io/metadata.name": "shop",
        "istio-injection": "enabled",
    }
    assert metadata["annotations"] == {"why": "tutorial"}


def test_creating_twice_says_already_exists(world: World) -> None:
    world.kubectl("create", "namespace", "shop")
    again = world.kubectl("create", "namespace", "shop", code=1)
    assert again.err == 'Error from server (AlreadyExists): namespaces "shop" already exists\n'


@pytest.mark.parametrize(
    ("arguments", "resource", "name"),
    [
        (("configmap", "c", "--from-literal=a=b"), kinds.CONFIG_MAPS, "c"),
        (("secret", "generic", "s", "--from-literal=a=b"), kinds.SECRETS, "s"),
        (("serviceaccount", "joe"), kinds.SERVICE_ACCOUNTS, "joe"),
        (("service", "clusterip", "web", "--tcp=80:3000"), kinds.SERVICES, "web"),
        (
            ("deployment", "web", "--image=shop/web:1", "--port=3000", "--replicas=0"),
            kinds.DEPLOYMENTS,
            "web",
        ),
    ],
)
def test_typed_create_commands_send_protobuf(
    world: World, arguments: tuple[str, ...], resource: kinds.Resource, name: str
) -> None:
    world.kubectl("create", *arguments)
    created = world.store.get(resource, "default", name)
    if resource is kinds.CONFIG_MAPS:
        assert created["data"] == {"a": "b"}
    if resource is kinds.SECRETS:
        assert created["data"] == {"a": "Yg=="}
        assert created["type"] == "Opaque"
    if resource is kinds.SERVICES:
        port = {"name": "80-3000", "port": 80, "protocol": "TCP", "targetPort": 3000}
        assert created["spec"]["ports"] == [port]
        assert created["spec"]["selector"] == {"app": "web"}
    if resource is kinds.DEPLOYMENTS:
        assert created["spec"]["replicas"] == 0
        container = created["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "shop/web:1"
        assert container["ports"] == [{"containerPort": 3000, "protocol": "TCP"}]


def test_apply_three_times_created_unchanged_configured(world: World) -> None:
    documents = [deployment("web"), service("web"), gateway("g"), virtual_service("web")]
    names = (
        "deployment.apps/web",
        "service/web",
        "gateway.networking.istio.io/g",
        "virtualservice.networking.istio.io/web",
    )
    for word in ("created", "unchanged"):
        assert world.apply(documents).out == "".join(f"{name} {word}\n" for name in names)
    documents[0]["spec"]["replicas"] = 3
    documents[3]["spec"]["hosts"] = ["other"]
    third = world.apply(documents).out.splitlines()
    assert [line.split()[1] for line in third] == [
        "configured", "unchanged", "unchanged", "configured",
    ]  # fmt: skip
    assert world.store.get(kinds.DEPLOYMENTS, "default", "web")["spec"]["replicas"] == 3


def test_apply_removes_what_the_manifest_no_longer_has(world: World) -> None:
    web = deployment("web")
    container = web["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "SHOW_IMAGE", "value": "true"}, {"name": "KEEP", "value": "1"}]
    world.apply(web)
    del container["env"][0]
    world.apply(web)
    stored = world.store.get(kinds.DEPLOYMENTS, "default", "web")
    env = stored["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "KEEP", "value": "1"}]
    assert stored["metadata"]["generation"] == 2


def test_apply_a_folder_and_delete_it(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text(yaml.safe_dump_all([config_map("a"), config_map("b")]))
    (folder / "c.yaml").write_text(yaml.safe_dump(config_map("c")))
    world.kubectl("apply", "-f", str(folder))
    assert len(world.store.list(kinds.CONFIG_MAPS, "default")) == 3
    deleted = world.kubectl("delete", "-f", str(folder))
    assert deleted.out.count(" deleted") == 3
    assert world.store.list(kinds.CONFIG_MAPS, "default") == []


def test_dry_run_on_the_server_changes_nothing(world: World) -> None:
    before = world.store.version
    tried = world.apply(service("web"), "--dry-run=server", "-o", "yaml")
    shown = yaml.safe_load(tried.out)
    assert shown["spec"]["clusterIP"].startswith("10.96.")
    assert world.store.version == before
    assert world.store.find(kinds.SERVICES, "default", "web") is None


def test_diff_shows_a_change_and_exits_1(world: World, tmp_path: Path) -> None:
    world.apply(config_map("c", a="1"))
    manifest = tmp_path / "c.yaml"
    manifest.write_text(yaml.safe_dump(config_map("c", a="2")))
    found = world.kubectl("diff", "-f", str(manifest), code=1)
    assert '-  a: "1"' in found.out
    assert '+  a: "2"' in found.out


def test_server_side_apply_reports_conflicts_and_can_be_forced(world: World) -> None:
    world.apply(deployment("web"), "--server-side")
    world.kubectl("scale", "deployment/web", "--replicas=3")
    refused = world.apply(deployment("web"), "--server-side", code=1)
    assert "Apply failed with 1 conflict: conflict with" in refused.err
    assert ".spec.replicas" in refused.err
    world.apply(deployment("web"), "--server-side", "--force-conflicts")
    assert world.store.get(kinds.DEPLOYMENTS, "default", "web")["spec"]["replicas"] == 1


def test_server_side_apply_removes_only_its_own_fields(world: World) -> None:
    world.apply(config_map("c", mine="1", gone="1"), "--server-side", "--field-manager=me")
    world.apply(config_map("c", other="1"), "--server-side", "--field-manager=you")
    world.apply(config_map("c", mine="2"), "--server-side", "--field-manager=me")
    assert world.store.get(kinds.CONFIG_MAPS, "default", "c")["data"] == {
        "mine": "2",
        "other": "1",
    }


def test_client_side_objects_can_be_taken_over_by_server_side_apply(world: World) -> None:
    world.apply(deployment("web"))
    world.apply(deployment("web"), "--server-side")
    again = world.store.version
    world.apply(deployment("web"), "--server-side")
    assert world.store.version == again


def test_server_side_apply_owns_only_what_the_object_has(world: World) -> None:
    world.apply(config_map("c", a="1"))
    document = {**config_map("c", a="1"), "foo": {"b": "c"}, "immutable": None}
    answer = server_side(world, "configmaps", document)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {"a": "1"}
    assert "foo" not in answer.json()
    entries = answer.json()["metadata"]["managedFields"]
    mine = [entry["fieldsV1"] for entry in entries if entry["manager"] == "me"]
    assert mine == [{"f:data": {"f:a": {}}}]


@pytest.mark.parametrize("exists", [True, False])
def test_server_side_apply_of_a_port_named_twice_changes_nothing(
    world: World, exists: bool
) -> None:
    if exists:
        world.apply(service("web"))
    before = world.store.version
    document = service("web", ports=[{"port": 80, "name": "a"}, {"port": 80, "name": "b"}])
    answer = server_side(world, "services", document)
    assert answer.status_code in (400, 422)
    assert "uplicate" in answer.json()["message"]
    assert "spec.ports" in answer.json()["message"]
    assert world.store.version == before


def test_delete_all_of_several_kinds(world: World) -> None:
    world.apply([gateway("g"), virtual_service("a"), virtual_service("b"), destination_rule("d")])
    deleted = world.kubectl("delete", "gw,vs,dr", "--all")
    assert [line.split('"')[1] for line in deleted.out.splitlines()] == ["g", "a", "b", "d"]
    assert world.kubectl("get", "vs").err == "No resources found in default namespace.\n"


def test_delete_by_label_and_a_missing_one(world: World) -> None:
    world.apply([deployment("web"), deployment("other")])
    world.kubectl("delete", "deployment", "-l", "app=web")
    assert [each["metadata"]["name"] for each in world.store.list(kinds.DEPLOYMENTS)] == ["other"]
    missing = world.kubectl("delete", "deployment", "web", code=1)
    assert missing.err == 'Error from server (NotFound): deployments.apps "web" not found\n'
    world.kubectl("delete", "deployment", "web", "--ignore-not-found")


def test_a_scheduled_pod_is_deleted_gracefully_and_at_once_when_forced(world: World) -> None:
    for name in ("slow", "fast"):
        world.do(
            lambda name=name: world.store.create(kinds.PODS, pod(name, nodeName="n"), "default")
        )
    world.kubectl("delete", "pod", "slow", "--wait=false")
    marked = world.store.get(kinds.PODS, "default", "slow")["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 30
    assert "Terminating" in world.kubectl("get", "pod", "slow").out
    world.kubectl("delete", "pod", "fast", "--force", "--grace-period=0")
    assert world.store.find(kinds.PODS, "default", "fast") is None


def test_kept_namespaces_cannot_be_deleted(world: World) -> None:
    refused = world.kubectl("delete", "namespace", "default", code=1)
    assert "this namespace may not be deleted" in refused.err


def test_orphaning_leaves_the_dependents_to_the_garbage_collector(world: World) -> None:
    world.apply(deployment("web"))
    world.kubectl("delete", "deployment", "web", "--cascade=orphan", "--wait=false")
    held = world.store.get(kinds.DEPLOYMENTS, "default", "web")["metadata"]
    assert held["finalizers"] == ["orphan"]
    assert "deletionTimestamp" in held
