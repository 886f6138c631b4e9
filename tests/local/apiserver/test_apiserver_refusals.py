"""What is refused, and the words of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from apiserver_world import World, deployment, named, pod, service, virtual_service

from harness.local.store import kinds


def test_an_unknown_field_of_a_built_in_kind_names_its_path(world: World) -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"]["containers"][0]["imgae"] = "x"
    refused = world.apply(web, code=1)
    assert (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.template.spec.containers[0].imgae" (did you mean "image"?)'
    ) in refused.err
    assert world.store.list(kinds.DEPLOYMENTS) == []


def test_unknown_fields_of_istio_kinds_are_refused_warned_of_or_ignored(world: World) -> None:
    rout = virtual_service("web", rout=[])
    refused = world.apply(rout, code=1)
    assert 'strict decoding error: unknown field "spec.rout"' in refused.err
    path = "/apis/networking.istio.io/v1alpha3/namespaces/default/virtualservices"
    warned = world.post(f"{path}?fieldValidation=Warn&dryRun=All", rout)
    assert warned.status_code == 201
    assert warned.headers["Warning"] == '299 - "unknown field \\"spec.rout\\""'
    ignored = world.post(f"{path}?fieldValidation=Ignore&dryRun=All", rout)
    assert ignored.status_code == 201
    assert "Warning" not in ignored.headers


def test_problems_of_istio_objects_are_always_refused_with_causes(world: World) -> None:
    path = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"
    answer = world.post(f"{path}?fieldValidation=Ignore", virtual_service("web", "v1", hosts=[]))
    assert answer.status_code == 422
    status = answer.json()
    assert status["reason"] == "Invalid"
    assert status["details"]["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.hosts"}
    ]
    refused = world.apply(virtual_service("web", hosts=[]), code=1)
    assert 'The VirtualService "web" is invalid: spec.hosts: Required value' in refused.err


def test_warnings_are_printed_by_kubectl(world: World) -> None:
    assert world.apply(virtual_service("nobody")).err == "Warning: spec.hosts: no such service\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"replicas": "three"}, "json: cannot unmarshal string into Go struct field "),
        (
            {"replicas": [1]},
            "cannot unmarshal array into Go struct field DeploymentSpec.spec.replicas",
        ),
        (
            {"template": []},
            "cannot unmarshal array into Go struct field DeploymentSpec.spec.template",
        ),
    ],
)
def test_a_wrong_type_is_a_bad_request_in_go_words(
    world: World, change: dict[str, Any], words: str
) -> None:
    refused = world.apply(deployment("web", **change), "--validate=false", code=1)
    assert "BadRequest" in refused.err
    assert words in refused.err


def container(change: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda spec: spec["template"]["spec"]["containers"][0].update(change)


def template(change: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda spec: spec["template"]["spec"].update(change)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (lambda spec: spec.update(replicas=-1), "spec.replicas", "must be greater than or equal"),
        (lambda spec: spec.update(replicas=9999), "spec.replicas", "at most 110 pods"),
        (lambda spec: spec.pop("selector"), "spec.selector", "Required value"),
        (
            lambda spec: spec["selector"].update(matchLabels={"app": "x"}),
            "spec.template.metadata.labels",
            "`selector` does not match template `labels`",
        ),
        (lambda spec: spec.update(strategy={"type": "Slow"}), "spec.strategy.type",
         'Unsupported value: "Slow": supported values: "Recreate", "RollingUpdate"'),
        (template({"containers": []}), "spec.template.spec.containers", "Required value"),
        (container({"name": ""}), "spec.template.spec.containers[0].name", "Required value"),
        (container({"image": ""}), "spec.template.spec.containers[0].image", "Required value"),
        (container({"ports": [{"containerPort": 70000}]}),
         "spec.template.spec.containers[0].ports[0].containerPort", "between 1 and 65535"),
        (container({"resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "0.01"}}}),
         "spec.template.spec.containers[0].resources.requests",
         'Invalid value: "100m": must be less than or equal to cpu limit of 0.01'),
        (container({"resources": {"limits": {"memory": "-5Mi"}}}),
         "spec.template.spec.containers[0].resources.limits[memory]",
         "must be greater than or equal to 0"),
        (container({"env": [{"name": "a=b"}]}),
         "spec.template.spec.containers[0].env[0].name", "Invalid value"),
        (container({"readinessProbe": {}}), "spec.template.spec.containers[0].readinessProbe",
         "must specify a handler type"),
        (container({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}),
         "spec.template.spec.containers[0].volumeMounts[0].name", 'Not found: "none"'),
        (template({"restartPolicy": "Never"}), "spec.template.spec.restartPolicy",
         'Unsupported value: "Never": supported values: "Always"'),
    ],
)  # fmt: skip
def test_rules_of_deployments(
    world: World, change: Callable[[dict[str, Any]], Any], field: str, words: str
) -> None:
    web = deployment("web")
    change(web["spec"])
    answer = world.post("/apis/apps/v1/namespaces/default/deployments", web)
    assert answer.status_code == 422, answer.text
    causes = {cause["field"]: cause["message"] for cause in answer.json()["details"]["causes"]}
    assert words in causes[field]
    assert world.store.list(kinds.DEPLOYMENTS) == []


@pytest.mark.parametrize(
    "change",
    [
        template({"hostNetwork": True}),
        template({"hostPID": True}),
        template({"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["x"]}]}),
        template({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
        template({"volumes": [{"name": "v", "configMap": {"name": "c"}}]}),
        container({"workingDir": "/x"}),
        container({"lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}),
        container({"ports": [{"containerPort": 80, "hostPort": 80}]}),
        container({"livenessProbe": {"grpc": {"port": 80}}}),
        container({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x"}}}]}),
    ],
)
def test_what_the_node_cannot_honour_is_refused_and_not_dropped(
    world: World, change: Callable[[dict[str, Any]], Any]
) -> None:
    web = deployment("web")
    change(web["spec"])
    refused = world.apply(web, code=1)
    assert "not supported by the local cluster; use a full cluster" in refused.err
    assert world.store.list(kinds.DEPLOYMENTS) == []


@pytest.mark.parametrize(
    ("plural", "field", "kept"),
    [("secrets", "data", ""), ("configmaps", "data", ""), ("configmaps", "binaryData", "")],
)
def test_a_null_in_a_map_is_the_zero_value(
    world: World, plural: str, field: str, kept: str
) -> None:
    document = {**named("n"), field: {"a": None}}
    answer = world.post(f"/api/v1/namespaces/default/{plural}", document)
    assert answer.status_code == 201, answer.text
    assert answer.json()[field] == {"a": kept}


def test_a_null_amount_is_zero(world: World) -> None:
    one = pod("one")
    one["spec"]["containers"][0]["resources"] = {"requests": {"cpu": None}}
    answer = world.post("/api/v1/namespaces/default/pods", one)
    assert answer.status_code == 201, answer.text
    requests = answer.json()["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"cpu": "0"}


def test_a_selector_stays_as_it_is(world: World) -> None:
    web = deployment("web")
    world.apply(web)
    labels = {"app": "web", "tier": "front"}
    web["spec"]["selector"]["matchLabels"] = labels
    web["spec"]["template"]["metadata"]["labels"] = labels
    refused = world.apply(web, code=1)
    selector = '{"matchLabels":{"app":"web","tier":"front"}}'
    assert f"spec.selector: Invalid value: {selector}: field is immutable" in refused.err


def test_another_image_for_a_running_pod_is_refused_with_the_remedy(world: World) -> None:
    world.apply(pod("one"))
    before = world.store.get(kinds.PODS, "default", "one")
    refused = world.kubectl("set", "image", "pod/one", "main=shop/two:1.0.0", code=1)
    assert "spec.containers[0].image: Forbidden: the local cluster does not restart" in refused.err
    assert "delete the pod and create it anew" in refused.err
    assert world.store.get(kinds.PODS, "default", "one") is before


def test_the_grace_period_of_a_pod_stays_as_it_is(world: World) -> None:
    world.apply(pod("one"))
    patch = '{"spec":{"terminationGracePeriodSeconds":5}}'
    refused = world.kubectl("patch", "pod", "one", "-p", patch, code=1)
    assert "pod updates may not change fields other than" in refused.err


def test_what_only_matters_on_a_full_cluster_is_accepted(world: World) -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"] |= {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"runAsNonRoot": True},
        "serviceAccountName": "web",
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "tolerations": [{"operator": "Exists"}],
    }
    web["spec"]["template"]["spec"]["containers"][0] |= {
        "resources": {"requests": {"cpu": 1, "memory": "64Mi"}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "command": ["gunicorn"],
        "args": ["app"],
    }
    applied = world.apply(web)
    assert "spec.template.spec.nodeSelector: has no effect on the local cluster" in applied.err
    stored = world.store.get(kinds.DEPLOYMENTS, "default", "web")["spec"]["template"]["spec"]
    assert stored["containers"][0]["resources"]["requests"]["cpu"] == "1"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"ports": []}, "spec.ports", "Required value"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port", "between 1 and 65535"),
        ({"ports": [{"port": 80}, {"port": 81}]}, "spec.ports[0].name", "Required value"),
        ({"type": "Cluster"}, "spec.type", 'Unsupported value: "Cluster"'),
        ({"clusterIP": "10.0.0.1"}, "spec.clusterIPs", "not in the valid range"),
        ({"selector": {"-": "x"}}, "spec.selector", "Invalid value"),
        ({"ports": [{"port": 53, "protocol": "UDP"}]}, "spec.ports[0].protocol", "not supported"),
    ],
)
def test_rules_of_services(world: World, change: dict[str, Any], field: str, words: str) -> None:
    answer = world.post("/api/v1/namespaces/default/services", service("web", **change))
    assert answer.status_code == 422, answer.text
    causes = {cause["field"]: cause["message"] for cause in answer.json()["details"]["causes"]}
    assert words in causes[field]


@pytest.mark.parametrize(
    "name", ["Upper", "under_score", "-dash", "dot.", "x" * 254, "../etc", "a/b", "é"]
)
def test_names_must_be_dns_names(world: World, name: str) -> None:
    answer = world.post("/api/v1/namespaces/default/configmaps", named(name))
    assert answer.status_code == 422
    assert len(answer.json()["message"]) < 1000
    assert world.store.list(kinds.CONFIG_MAPS) == []


def test_immutable_things_stay(world: World) -> None:
    world.apply(deployment("web"))
    changed = deployment("web")
    changed["spec"]["selector"]["matchLabels"] = {"app": "web", "more": "x"}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "web", "more": "x"}
    assert "field is immutable" in world.apply(changed, code=1).err
    world.apply(service("web"))
    first = world.store.get(kinds.SERVICES, "default", "web")["spec"]["clusterIP"]
    assert "field is immutable" in world.apply(service("web", clusterIP="10.96.0.99"), code=1).err
    assert world.store.get(kinds.SERVICES, "default", "web")["spec"]["clusterIP"] == first
    world.apply(pod("p"))
    assert "pod updates may not change fields" in world.apply(
        pod("p", restartPolicy="Never"), code=1
    ).err  # fmt: skip


def test_the_path_and_the_document_must_agree(world: World) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    for document, words in (
        ({**named("c"), "kind": "Secret"}, "the object provided is a Secret"),
        ({**named("c"), "apiVersion": "v2"}, "does not match the expected API version"),
        (named("c", namespace="other"), "the namespace of the provided object does not match"),
        (named("c", resourceVersion="1"), "resourceVersion should not be set"),
    ):
        answer = world.post(path, document)
        assert answer.status_code == 400
        assert words in answer.json()["message"]
    world.post(path, named("c"))
    answer = world.request(
        "PUT", f"{path}/c", json=named("d"), headers={"Content-Type": "application/json"}
    )
    assert "does not match the name on the URL" in answer.json()["message"]


def test_a_missing_namespace_is_named(world: World) -> None:
    answer = world.post("/api/v1/namespaces/nowhere/configmaps", named("c"))
    assert answer.status_code == 404
    assert answer.json()["message"] == 'namespaces "nowhere" not found'


def test_nothing_can_be_created_in_a_namespace_that_ends(world: World) -> None:
    world.kubectl("create", "namespace", "shop")
    world.kubectl("delete", "namespace", "shop", "--wait=false")
    refused = world.kubectl("-n", "shop", "create", "configmap", "c", code=1)
    assert "because it is being terminated" in refused.err


def test_a_node_cannot_be_tainted(world: World) -> None:
    world.do(lambda: world.store.create(kinds.NODES, named("local")))
    refused = world.kubectl("cordon", "local", code=None)
    assert "not supported by the local cluster" in refused.err
