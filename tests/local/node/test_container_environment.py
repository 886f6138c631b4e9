"""The environment of a container, and who gets a sidecar."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from harness.local.node.environment import container_environment, expand, service_variables
from harness.local.node.errors import CannotStart
from harness.local.options import ClusterConfig
from harness.local.process import preparation
from harness.local.store import Store, kinds

POD: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "uid": "u",
        "labels": {"app": "web"},
        "annotations": {"team": "a"},
    },
    "spec": {"nodeName": "local", "containers": []},
}
OBJECTS = {
    (kinds.CONFIG_MAPS, "settings"): {"data": {"MODE": "dark", "SIZE": "3"}},
    (kinds.SECRETS, "keys"): {"data": {"token": base64.b64encode(b"s3cret").decode()}},
}
SERVICE: dict[str, Any] = {
    "metadata": {"name": "my-catalog"},
    "spec": {"clusterIP": "10.96.0.5", "ports": [{"name": "http-web", "port": 80}, {"port": 90}]},
}


def environment(container: dict[str, Any], pod: dict[str, Any] = POD) -> dict[str, str]:
    return container_environment(
        pod,
        container,
        base={"PATH": "/bin", "A": "base"},
        image={"A": "image", "B": "image"},
        services=[SERVICE],
        lookup=lambda kind, name: OBJECTS.get((kind, name)),
        addresses={"podIP": "127.20.1.1", "hostIP": "127.20.0.1"},
    )


def field(path: str) -> dict[str, Any]:
    return {"fieldRef": {"fieldPath": path}}


def test_later_sources_win():
    found = environment(
        {
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}],
            "env": [
                {"name": "B", "value": "pod"},
                {"name": "MY_CATALOG_SERVICE_HOST", "value": "catalog.shop"},
                {"name": "URL", "value": "http://$(MY_CATALOG_SERVICE_HOST):$(MY_CATALOG_PORT)"},
            ],
        }
    )
    assert (found["A"], found["B"], found["P_MODE"]) == ("image", "pod", "dark")
    assert found["URL"] == "http://catalog.shop:tcp://10.96.0.5:80"
    assert found["PATH"] == "/bin"


def test_values_from_the_pod_config_maps_and_secrets():
    entries = {
        "NAME": field("metadata.name"),
        "NS": field("metadata.namespace"),
        "APP": field("metadata.labels['app']"),
        "TEAM": field("metadata.annotations['team']"),
        "NONE": field("metadata.labels['none']"),
        "IP": field("status.podIP"),
        "SIZE": {"configMapKeyRef": {"name": "settings", "key": "SIZE"}},
        "TOKEN": {"secretKeyRef": {"name": "keys", "key": "token"}},
        "MAYBE": {"secretKeyRef": {"name": "none", "key": "x", "optional": True}},
    }
    found = environment({"env": [{"name": k, "valueFrom": v} for k, v in entries.items()]})
    assert {name: found.get(name) for name in entries} == {
        "NAME": "web-1",
        "NS": "shop",
        "APP": "web",
        "TEAM": "a",
        "NONE": "",
        "IP": "127.20.1.1",
        "SIZE": "3",
        "TOKEN": "s3cret",
        "MAYBE": None,
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (field("spec.host"), "env X: fieldRef 'spec.host' is not one of"),
        ({"configMapKeyRef": {"name": "settings", "key": "no"}}, "couldn't find key no"),
        ({"secretKeyRef": {"name": "no", "key": "no"}}, 'secret "no" not found'),
        ({"fileKeyRef": {}}, "valueFrom.fileKeyRef is not implemented"),
    ],
)
def test_a_value_that_cannot_be_had_is_named(source: dict[str, Any], words: str):
    with pytest.raises(CannotStart, match=re.escape(words)) as refused:
        environment({"env": [{"name": "X", "valueFrom": source}]})
    assert refused.value.reason == "CreateContainerConfigError"


def test_service_variables_are_those_of_kubelet():
    assert service_variables([SERVICE]) == {
        "MY_CATALOG_SERVICE_HOST": "10.96.0.5",
        "MY_CATALOG_SERVICE_PORT": "80",
        "MY_CATALOG_SERVICE_PORT_HTTP_WEB": "80",
        "MY_CATALOG_PORT": "tcp://10.96.0.5:80",
        "MY_CATALOG_PORT_80_TCP": "tcp://10.96.0.5:80",
        "MY_CATALOG_PORT_80_TCP_PROTO": "tcp",
        "MY_CATALOG_PORT_80_TCP_PORT": "80",
        "MY_CATALOG_PORT_80_TCP_ADDR": "10.96.0.5",
        "MY_CATALOG_PORT_90_TCP": "tcp://10.96.0.5:90",
        "MY_CATALOG_PORT_90_TCP_PROTO": "tcp",
        "MY_CATALOG_PORT_90_TCP_PORT": "90",
        "MY_CATALOG_PORT_90_TCP_ADDR": "10.96.0.5",
    }
    headless = {**SERVICE, "spec": {**SERVICE["spec"], "clusterIP": "None"}}
    assert service_variables([headless]) == {}


def test_service_links_can_be_declined():
    pod = {**POD, "spec": {**POD["spec"], "enableServiceLinks": False}}
    assert "MY_CATALOG_PORT" not in environment({}, pod)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$(A)b", "1b"), ("$(NO)", "$(NO)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("a$", "a$")],
)
def test_expansion(text: str, expanded: str):
    assert expand(text, {"A": "1"}) == expanded


@pytest.mark.parametrize(
    ("namespace", "labels", "injected"),
    [
        ({"istio-injection": "enabled"}, {}, True),
        ({}, {}, False),
        ({"istio-injection": "enabled"}, {"sidecar.istio.io/inject": "false"}, False),
        ({}, {"sidecar.istio.io/inject": "true"}, True),
        ({"istio-injection": "disabled"}, {"sidecar.istio.io/inject": "true"}, False),
    ],
)
def test_who_gets_a_sidecar(namespace: dict[str, str], labels: dict[str, str], injected: bool):
    pod = injected_pod(namespace, {"labels": labels}, [{"name": "app", "image": "app:1"}])
    assert [c["name"] for c in pod["spec"]["containers"]] == (
        ["app", "istio-proxy"] if injected else ["app"]
    )
    annotations = pod["metadata"].get("annotations", {})
    assert ("sidecar.istio.io/status" in annotations) is injected
    if injected:
        assert pod["spec"]["containers"][1]["image"] == "docker.io/istio/proxyv2:1.31.0"
        assert annotations["kubectl.kubernetes.io/default-container"] == "app"


def test_a_gateway_gets_its_image_and_no_second_proxy():
    pod = injected_pod(
        {"istio-injection": "enabled"}, {}, [{"name": "istio-proxy", "image": "auto"}]
    )
    assert [c["image"] for c in pod["spec"]["containers"]] == ["docker.io/istio/proxyv2:1.31.0"]
    assert "sidecar.istio.io/status" not in pod["metadata"].get("annotations", {})


def injected_pod(
    namespace: dict[str, str], metadata: dict[str, Any], containers: list[dict[str, Any]]
) -> dict[str, Any]:
    config = ClusterConfig("test", "/d", "/s", "/e", istio="1.31.0")
    store = Store(prepare=preparation(config, lambda: store))
    store.create(kinds.NAMESPACES, {"metadata": {"name": "shop", "labels": namespace}})
    pod = {
        "metadata": {"name": "web", "namespace": "shop", **metadata},
        "spec": {"containers": containers},
    }
    created = dict(store.create(kinds.PODS, pod))
    # Only creation injects: an update leaves the pod as it is.
    assert dict(store.update(kinds.PODS, created))["spec"] == created["spec"]
    return created
