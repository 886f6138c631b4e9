"""kubectl scale, patch, edit, set, rollout and wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
from apiserver_world import World, config_map, deployment, virtual_service

from harness.local.store import kinds
from harness.local.store.store import copied

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/web"
MERGE = "application/merge-patch+json"


def create(world: World) -> None:
    world.do(lambda: world.store.create(kinds.DEPLOYMENTS, deployment("web"), "default"))


def nested(levels: int) -> dict[str, Any]:
    """An object with this many objects below it, each in field ``a`` of the one above."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def stored(world: World, name: str = "web") -> Any:
    return world.store.get(kinds.DEPLOYMENTS, "default", name)


def test_scale_goes_through_the_scale_subresource(world: World) -> None:
    world.apply(deployment("web"))
    assert world.kubectl("scale", "deployment/web", "--replicas=4").out == (
        "deployment.apps/web scaled\n"
    )
    assert stored(world)["spec"]["replicas"] == 4
    wrong = world.kubectl("scale", "deploy/web", "--replicas=9", "--current-replicas=1", code=1)
    assert "Expected replicas to be 1, was 4" in wrong.err


def scaled(**metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "spec": {"replicas": 3}}


@pytest.mark.parametrize(
    ("method", "document", "code"),
    [
        ("PUT", {"metadata": "x", "spec": {"replicas": 3}}, 400),
        ("PUT", {"metadata": ["x"], "spec": {"replicas": 3}}, 400),
        ("PUT", {"metadata": 5, "spec": {"replicas": 3}}, 400),
        ("PATCH", {"metadata": "x", "spec": {"replicas": 3}}, 400),
        ("PATCH", {"metadata": ["x"], "spec": {"replicas": 3}}, 400),
        ("PUT", scaled(resourceVersion=5), 400),
        ("PUT", scaled(resourceVersion=["x"]), 400),
        ("PUT", scaled(uid={}), 400),
        ("PUT", ["x"], 400),
        ("PUT", {"spec": {"replicas": True}}, 400),
        ("PUT", {"kind": "ConfigMap", **scaled()}, 400),
        ("PUT", {"kind": "Deployment", **scaled()}, 400),
        ("PUT", {"apiVersion": "apps/v1", **scaled()}, 400),
        ("PUT", {"kind": {}, **scaled()}, 400),
        ("PUT", scaled(name="other"), 400),
        ("PUT", scaled(namespace="kube-system"), 400),
        ("PATCH", {"kind": "ConfigMap"}, 400),
        ("PATCH", scaled(name="other"), 400),
        ("PUT", scaled(resourceVersion="1"), 409),
        ("PUT", scaled(uid="another"), 409),
        ("PATCH", scaled(uid="another"), 409),
        ("PUT", {"spec": {"replicas": -1}}, 422),
    ],
)  # fmt: skip
def test_a_scale_that_is_none_of_this_object_changes_nothing(
    world: World, method: str, document: Any, code: int
) -> None:
    create(world)
    before = stored(world)
    answer = world.request(
        method,
        f"{DEPLOYMENT}/scale",
        headers={"Content-Type": "application/json" if method == "PUT" else MERGE},
        data=json.dumps(document),
    )
    assert answer.status_code == code, answer.text
    assert (answer.json()["kind"], answer.json()["code"]) == ("Status", code)
    assert stored(world) is before


@pytest.mark.parametrize(
    "document",
    [
        {"spec": {"replicas": 3}},
        {"metadata": None, "spec": {"replicas": 3}},
        {"kind": "Scale", "apiVersion": "autoscaling/v1", **scaled(name="web")},
        {"kind": "", "apiVersion": "", **scaled(name="", namespace="default")},
    ],
)
def test_a_scale_may_leave_out_what_the_path_says(world: World, document: Any) -> None:
    create(world)
    answer = world.request("PUT", f"{DEPLOYMENT}/scale", json=document)
    assert answer.status_code == 200, answer.text
    assert answer.json()["kind"] == "Scale"
    assert stored(world)["spec"]["replicas"] == 3
    assert stored(world)["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        ("json", [{"op": "remove", "path": ""}]),
        ("json", [{"op": "add", "path": "/metadata/x" + "/a" * (90 * time), "value": nested(90)}
                  for time in range(30)]),
        ("strategic-merge", {"spec": {"template": {"spec": {
            "containers": [{"$patch": "replace"}, 5]}}}}),
        ("strategic-merge", {"spec": {"$deleteFromPrimitiveList/replicas": [1]}}),
    ],
)  # fmt: skip
def test_a_malformed_patch_changes_nothing(world: World, media: str, patch: Any) -> None:
    create(world)
    before = stored(world)
    for path in (DEPLOYMENT, f"{DEPLOYMENT}/scale", f"{DEPLOYMENT}/status"):
        answer = world.request(
            "PATCH",
            path,
            headers={"Content-Type": f"application/{media}-patch+json"},
            data=json.dumps(patch),
        )
        assert answer.status_code in (400, 422), (path, answer.text)
        assert answer.json()["kind"] == "Status"
    assert stored(world) is before


@pytest.mark.parametrize("field", ["name", "namespace", "generateName", "resourceVersion", "uid"])
@pytest.mark.parametrize("value", [{}, [], 0, False, 5, ["x"]])
def test_metadata_that_is_no_string_is_refused(world: World, field: str, value: Any) -> None:
    create(world)
    before = stored(world)
    document = deployment("web")
    document["metadata"][field] = value
    for media, method in (("", "PUT"), ("merge-patch+", "PATCH"), ("apply-patch+", "PATCH")):
        headers = {"Content-Type": f"application/{media}json"}
        answer = world.request(
            method, DEPLOYMENT, params={"fieldManager": "me"}, headers=headers,
            data=json.dumps(document),
        )  # fmt: skip
        assert answer.status_code == 400, (media, answer.text)
        assert f"metadata.{field} must be a string" in answer.json()["message"]
    assert stored(world) is before


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", {"spec": {"replicas": 7}}),
        ("strategic", {"spec": {"replicas": 7}}),
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 7}]),
    ],
)
def test_patches(world: World, kind: str, patch: Any) -> None:
    world.apply(deployment("web"))
    world.kubectl("patch", "deployment", "web", "--type", kind, "-p", json.dumps(patch))
    assert stored(world)["spec"]["replicas"] == 7
    assert stored(world)["metadata"]["generation"] == 2


def test_a_patch_puts_a_new_container_first_as_the_docs_of_kubernetes_show(world: World) -> None:
    world.apply(deployment("web"))
    spec = {"containers": [{"name": "side", "image": "shop/side:1"}]}
    patch = json.dumps({"spec": {"template": {"spec": spec}}})
    world.kubectl("patch", "deployment", "web", "--patch", patch)
    containers = stored(world)["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["side", "web"]


def test_apply_keeps_the_order_of_the_manifest(world: World) -> None:
    web = deployment("web")
    env = [{"name": name, "value": "1"} for name in ("B", "C")]
    web["spec"]["template"]["spec"]["containers"][0]["env"] = env
    world.apply(web)
    env.append({"name": "D", "value": "$(B)"})
    env.insert(0, {"name": "A", "value": "1"})
    world.apply(web)
    container = stored(world)["spec"]["template"]["spec"]["containers"][0]
    assert [each["name"] for each in container["env"]] == ["A", "B", "C", "D"]


def test_a_strategic_patch_of_an_istio_kind_is_refused_as_by_a_real_server(world: World) -> None:
    world.apply(virtual_service("web"))
    refused = world.kubectl("patch", "vs", "web", "--type=strategic", "-p", "{}", code=1)
    assert "strategic-merge-patch+json is not supported by" in refused.err


def test_a_patch_that_does_not_apply_changes_nothing(world: World) -> None:
    world.apply(deployment("web"))
    before = stored(world)
    test = json.dumps([{"op": "test", "path": "/spec/replicas", "value": 9}])
    refused = world.kubectl("patch", "deployment", "web", "--type=json", "-p", test, code=1)
    assert "testing value /spec/replicas failed" in refused.err
    assert stored(world) is before


@pytest.mark.parametrize("uid", [None, "", "own"])
@pytest.mark.parametrize("kind", ["merge", "strategic", "json"])
def test_a_patch_may_leave_the_uid_to_the_server(world: World, kind: str, uid: str | None) -> None:
    world.apply(deployment("web"))
    own = stored(world)["metadata"]["uid"]
    given = own if uid == "own" else uid
    patch: Any = {"metadata": {"uid": given, "labels": {"seen": "yes"}}}
    if kind == "json":
        patch = [
            {"op": "add", "path": "/metadata/uid", "value": given},
            {"op": "add", "path": "/metadata/labels/seen", "value": "yes"},
        ]
    world.kubectl("patch", "deployment", "web", "--type", kind, "-p", json.dumps(patch))
    assert stored(world)["metadata"]["uid"] == own
    assert stored(world)["metadata"]["labels"]["seen"] == "yes"


def test_a_patch_may_not_name_another_object(world: World) -> None:
    world.apply(deployment("web"))
    before = stored(world)
    patch = json.dumps({"metadata": {"uid": "another"}})
    refused = world.kubectl("patch", "deployment", "web", "-p", patch, code=1)
    assert "the patch names another object's uid" in refused.err
    assert stored(world) is before


def test_a_file_is_applied_again_after_the_output_of_get(world: World) -> None:
    world.apply(deployment("web"))
    world.apply(json.loads(world.kubectl("get", "deployment", "web", "-o", "json").out))
    assert "configured" in world.apply(deployment("web", replicas=3)).out
    assert stored(world)["spec"]["replicas"] == 3


def test_edit_saves_what_the_editor_wrote(world: World) -> None:
    world.apply(config_map("c", mode="ALLOW_ANY"))
    edited = world.kubectl("edit", "cm", "c", KUBE_EDITOR="sed -i s/ALLOW_ANY/REGISTRY_ONLY/")
    assert edited.out == "configmap/c edited\n"
    data = world.store.get(kinds.CONFIG_MAPS, "default", "c")["data"]
    assert data == {"mode": "REGISTRY_ONLY"}


def test_set_image_keeps_the_other_containers(world: World) -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "shop/side:1"})
    world.apply(web)
    world.kubectl("set", "image", "deployment/web", "web=shop/web:2.0.0")
    containers = stored(world)["spec"]["template"]["spec"]["containers"]
    assert [each["image"] for each in containers] == ["shop/web:2.0.0", "shop/side:1"]


def test_rollout_restart_and_status(world: World) -> None:
    world.apply(deployment("web"))
    world.kubectl("rollout", "restart", "deployment/web")
    annotations = stored(world)["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/restartedAt" in annotations

    def roll_out() -> None:
        new = copied(stored(world))
        condition = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        new["status"] = {
            "observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
            "availableReplicas": 1, "conditions": [condition],
        }  # fmt: skip
        world.store.update_status(kinds.DEPLOYMENTS, new)

    with world.running("rollout", "status", "deployment/web", "--timeout=20s") as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline().startswith("Waiting for deployment")
        world.do(roll_out)
        lines = waiting.stdout.read().splitlines()
        assert lines[-1] == 'deployment "web" successfully rolled out'
        assert waiting.wait(10) == 0


def test_rollout_undo_takes_the_template_of_the_old_replica_set(world: World) -> None:
    world.apply(deployment("web"))
    owner = {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True,
        "uid": stored(world)["metadata"]["uid"],
    }  # fmt: skip
    for revision, image in ((1, "shop/web:1.0.0"), (2, "shop/web:2.0.0")):
        old = deployment("web")
        old["kind"] = "ReplicaSet"
        old["metadata"] = {
            "name": f"web-{revision}",
            "labels": {"app": "web"},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [owner],
        }
        old["spec"]["template"]["spec"]["containers"][0]["image"] = image
        world.do(lambda old=old: world.store.create(kinds.REPLICA_SETS, old, "default"))
    history = world.kubectl("rollout", "history", "deployment/web").out
    assert [line.split()[0] for line in history.splitlines()[2:4]] == ["1", "2"]
    world.kubectl("set", "image", "deployment/web", "web=shop/web:2.0.0")
    world.kubectl("rollout", "undo", "deployment/web", "--to-revision=1")
    container = stored(world)["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "shop/web:1.0.0"


def test_wait_for_a_condition_and_for_a_deletion(world: World) -> None:
    world.apply(deployment("web"))
    with world.running("wait", "--for=condition=Available", "deploy/web", "--timeout=20s") as wait:

        def become_available() -> None:
            new = copied(stored(world))
            new["status"] = {"conditions": [{"type": "Available", "status": "True"}]}
            world.store.update_status(kinds.DEPLOYMENTS, new)

        world.do(become_available)
        assert wait.wait(15) == 0
    timed_out = world.kubectl(
        "wait", "--for=condition=Progressing", "deploy/web", "--timeout=1s", code=1
    )
    assert "timed out waiting for the condition" in timed_out.err


def test_replace_with_a_stale_version_is_a_conflict(world: World) -> None:
    world.apply(config_map("c", a="1"))
    shown = world.kubectl("get", "cm", "c", "-o", "json").out
    world.apply(config_map("c", a="2"))
    refused = world.kubectl("replace", "-f", "-", stdin=shown, code=1)
    assert "the object has been modified" in refused.err
    assert world.store.get(kinds.CONFIG_MAPS, "default", "c")["data"] == {"a": "2"}
