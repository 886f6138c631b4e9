"""kubectl debug, which sends pods as protobuf: copies work, what needs the node is refused."""

from __future__ import annotations

from typing import Any

import pytest
from apiserver_world import World, pod

from harness.local.store import kinds

UNSUPPORTED = "not supported by the local cluster; use a full cluster for it"

RICH: dict[str, Any] = {
    "serviceAccountName": "web",
    "automountServiceAccountToken": False,
    "terminationGracePeriodSeconds": 0,
    "nodeSelector": {"disk": "fast"},
    "securityContext": {"runAsUser": 0, "supplementalGroups": [4, 5], "fsGroup": 2000,
                        "sysctls": [{"name": "net.a", "value": "1"}],
                        "seccompProfile": {"type": "RuntimeDefault"}},
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute",
                     "tolerationSeconds": 0}],
    "affinity": {
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 7, "preference": {"matchExpressions": [
                {"key": "disk", "operator": "In", "values": ["fast"]}]}}]},
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname",
             "labelSelector": {"matchLabels": {"app": "web"}}}]},
    },
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
         "labelSelector": {"matchLabels": {"app": "web"}}}],
    "volumes": [{"name": "scratch", "emptyDir": {}},
                {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
    "initContainers": [{"name": "first", "image": "shop/first:1.0.0", "args": ["-x"]}],
    "containers": [{
        "name": "main",
        "image": "shop/main:1.0.0",
        "command": ["serve"],
        "args": ["--port", "3000"],
        "ports": [{"name": "http", "containerPort": 3000}],
        "env": [{"name": "PLAIN", "value": "é"},
                {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "KEY", "valueFrom": {"configMapKeyRef": {
                    "name": "settings", "key": "k", "optional": False}}},
                {"name": "PASS", "valueFrom": {"secretKeyRef": {
                    "name": "secrets", "key": "p", "optional": True}}}],
        "envFrom": [{"prefix": "C_", "configMapRef": {"name": "settings", "optional": True}},
                    {"secretRef": {"name": "secrets"}}],
        "resources": {"limits": {"cpu": "500m"}, "requests": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "runAsUser": 0,
                            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp", "readOnly": True},
                         {"name": "fast", "mountPath": "/fast", "subPath": "a"}],
        "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 3},
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http", "httpHeaders": [
            {"name": "X-A", "value": "b"}]}, "initialDelaySeconds": 2},
        "startupProbe": {"tcpSocket": {"port": 3000}, "failureThreshold": 9},
    }],
}  # fmt: skip
_KEEP = ("--keep-liveness", "--keep-readiness", "--keep-startup", "--keep-init-containers")


def _spec(world: World, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = world.store.get(kinds.PODS, "default", name)["spec"]
    return spec


def test_a_copy_to_debug_has_everything_of_the_pod(world: World) -> None:
    world.apply(pod("web", **RICH))
    world.kubectl(
        "debug", "web", "--copy-to=copy", "--image=shop/tools:1.0.0", "-c", "tools", *_KEEP,
        "--keep-labels", "--", "sh", "-c", "true",
    )  # fmt: skip
    original, copy = _spec(world, "web"), _spec(world, "copy")
    *containers, tools = copy["containers"]
    assert (tools["name"], tools["image"], tools["command"]) == (
        "tools", "shop/tools:1.0.0", ["sh", "-c", "true"]
    )  # fmt: skip
    assert copy.pop("shareProcessNamespace") is True  # kubectl's default for copies
    assert {**copy, "containers": containers} == original
    labels = world.store.get(kinds.PODS, "default", "copy")["metadata"]["labels"]
    assert labels == {"app": "web"}


def test_a_copy_may_have_other_images(world: World) -> None:
    world.apply(pod("web"))
    world.kubectl("debug", "web", "--copy-to=copy", "--set-image=*=shop/other:2.0.0")
    (container,) = _spec(world, "copy")["containers"]
    assert (container["name"], container["image"]) == ("main", "shop/other:2.0.0")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("node/local", "--image=busybox"), "spec.hostNetwork"),
        (("node/local", "--image=busybox", "--profile=sysadmin"), "spec.hostPID"),
        (("web", "--image=busybox"), "pods/ephemeralcontainers"),
    ],
)
def test_what_needs_the_node_or_a_running_pod_is_refused(
    world: World, arguments: tuple[str, ...], words: str
) -> None:
    world.apply(pod("web"))
    world.do(lambda: world.store.create(kinds.NODES, {"metadata": {"name": "local"}}))
    answer = world.kubectl("debug", *arguments, code=1)
    assert words in answer.err
    assert UNSUPPORTED in answer.err
    assert [each["metadata"]["name"] for each in world.store.list(kinds.PODS)] == ["web"]
