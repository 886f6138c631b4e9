"""What the harness does to a cluster, on a real API server with real proxies and kubectl."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.clusters import api as api_module
from harness.clusters import mesh
from harness.clusters.api import ISTIO_API, Api
from harness.clusters.local import LocalCluster
from harness.clusters.manifests import LAST_APPLIED
from harness.errors import ApplyRefused, EnvironmentCannot, StepFailed
from harness.model import DeleteAll, EnsureNamespace, OutboundPolicy, SetOutboundPolicy

KUBECTL = Path(sys.executable).with_name("kubectl")
GATEWAY = "istio-ingressgateway"


def kubectl(cluster: LocalCluster, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [KUBECTL, "--kubeconfig", cluster.kubeconfig, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def gateway(name: str, port: int = 80, **spec: Any) -> dict[str, Any]:
    servers = [{"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["a.b"]}]
    return {
        "apiVersion": ISTIO_API,
        "kind": "Gateway",
        "metadata": {"name": name},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": servers, **spec},
    }


def deployment(name: str, image: str) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
        },
    }


def test_namespaces_are_created_once_and_labelled_again(api: Api, namespace: str) -> None:
    (found,) = api.perform(EnsureNamespace(namespace, {"istio-injection": "enabled"}), "")
    assert found["metadata"]["labels"]["istio-injection"] == "enabled"
    (again,) = api.perform(EnsureNamespace(namespace, {"more": "yes"}), "")
    assert {"istio-injection": "enabled", "more": "yes"}.items() <= again["metadata"][
        "labels"
    ].items()


def test_apply_creates_then_replaces(api: Api, namespace: str) -> None:
    first = api.apply(gateway("one"), namespace, "x.yaml")
    second = api.apply(gateway("one", 8080), namespace, "x.yaml")
    assert second["spec"]["servers"][0]["port"]["number"] == 8080
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    (only,) = api.objects(ISTIO_API, "gateways", namespace)
    assert json.loads(only["metadata"]["annotations"][LAST_APPLIED])["spec"] == only["spec"]


def test_kubectl_apply_goes_on_where_the_harness_left_off(
    cluster: LocalCluster, api: Api, namespace: str
) -> None:
    api.apply({**gateway("one"), "metadata": {"name": "one", "labels": {"a": "b"}}}, namespace, "")
    same = yaml.safe_dump({**gateway("one"), "metadata": {"name": "one", "labels": {"a": "b"}}})
    said = kubectl(cluster, "-n", namespace, "apply", "-f", "-", stdin=same)
    assert said.strip().endswith("one unchanged")
    kubectl(cluster, "-n", namespace, "apply", "-f", "-", stdin=yaml.safe_dump(gateway("one")))
    found = api.get(ISTIO_API, "gateways", namespace, "one")
    assert "a" not in found["metadata"].get("labels", {})


def test_refusals_name_the_file_the_object_and_the_field(api: Api, namespace: str) -> None:
    with pytest.raises(ApplyRefused) as caught:
        api.apply(gateway("one", servrs=[]), namespace, "ch5/x.yaml")
    assert "ch5/x.yaml: Gateway 'one' was refused" in caught.value.reason
    assert "spec.servrs" in caught.value.reason
    assert caught.value.remedy


def test_kinds_the_cluster_does_not_serve(api: Api, namespace: str) -> None:
    stranger = {**gateway("one"), "kind": "Gatevay"}
    with pytest.raises(ApplyRefused, match=r"serves no kind 'Gatevay' in 'networking\.istio\.io"):
        api.apply(stranger, namespace, "x.yaml")
    elsewhere = {**gateway("one"), "apiVersion": "no.such/v1"}
    with pytest.raises(ApplyRefused, match=r"no\.such/v1"):
        api.apply(elsewhere, namespace, "x.yaml")


def test_delete_all_deletes_these_kinds_here_only(api: Api, namespace: str) -> None:
    other = f"{namespace}x"
    api.ensure_namespace(other, {})
    for where in (namespace, other):
        api.apply(gateway("one"), where, "")
        api.apply(gateway("two"), where, "")
    assert api.perform(DeleteAll(("gateways", "virtualservices")), namespace) == ()
    assert api.objects(ISTIO_API, "gateways", namespace) == []
    assert len(api.objects(ISTIO_API, "gateways", other)) == 2


def test_outbound_policy_keeps_the_rest_of_the_mesh(api: Api) -> None:
    before = yaml.safe_load(api.mesh_config())
    try:
        api.perform(SetOutboundPolicy(OutboundPolicy.REGISTRY_ONLY), "x")
        after = yaml.safe_load(api.mesh_config())
        assert mesh.outbound_policy(api.mesh_config()) is OutboundPolicy.REGISTRY_ONLY
        assert {**after, "outboundTrafficPolicy": 0} == {**before, "outboundTrafficPolicy": 0}
        found = api.get("v1", "configmaps", "istio-system", "istio")
        assert "meshNetworks" in found["data"]
    finally:
        api.perform(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY), "x")


def gateway_pod(api: Api) -> str:
    api.wait_available("istio-system", GATEWAY)
    (pod,) = api.pods("istio-system", {"istio": "ingressgateway"})
    return str(pod["metadata"]["name"])


def test_pods_by_labels(api: Api) -> None:
    assert gateway_pod(api).startswith(GATEWAY)
    assert api.pods("istio-system", {"istio": "no"}) == []


def test_exec_from_many_threads_on_warm_and_cold_connections(api: Api) -> None:
    pod = gateway_pod(api)
    command = ("pilot-agent", "request", "GET", "server_info")

    def ask(_: int) -> str:
        answer = json.loads(api.execute("istio-system", pod, "istio-proxy", command))
        return str(answer["version"].split("/")[1])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(16))) == {"1.40.0"}
    api.ensure_namespace("istio-system", {})
    api.perform(EnsureNamespace("istio-system", {}), "")
    assert ask(0) == "1.40.0"


def test_exec_failures_say_why(api: Api) -> None:
    pod = gateway_pod(api)
    with pytest.raises(StepFailed, match="404"):
        api.execute("istio-system", pod, "istio-proxy", ("pilot-agent", "request", "GET", "nope"))
    with pytest.raises(StepFailed, match="nowhere"):
        api.execute("istio-system", "nowhere", "istio-proxy", ("true",))


def test_log_of_a_container(api: Api) -> None:
    assert isinstance(api.log("istio-system", gateway_pod(api), "istio-proxy"), str)
    with pytest.raises(StepFailed, match="not found"):
        api.log("istio-system", "nowhere", "istio-proxy")


def test_a_deployment_that_does_not_come_up_says_what_its_pods_wait_for(
    api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_module, "WORKLOAD_READY", 1.0)
    api.apply(deployment("lost", "example.com/no-such-image:1"), namespace, "x.yaml")
    with pytest.raises(StepFailed) as caught:
        api.wait_available(namespace, "lost")
    assert f"deployment {namespace}/lost is not available after 1 s" in caught.value.reason
    assert "container app is waiting: " in caught.value.reason
    assert "Image" in caught.value.reason


def test_server_version(cluster: LocalCluster, api: Api) -> None:
    assert api.server_version() == cluster.facts().kubernetes


def test_a_kubeconfig_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentCannot, match="cannot be used"):
        Api(str(tmp_path / "none"), tmp_path)


def test_no_server_behind_the_kubeconfig(cluster: LocalCluster, tmp_path: Path) -> None:
    settings = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    settings["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    lost = tmp_path / "kubeconfig"
    lost.write_text(yaml.safe_dump(settings))
    with pytest.raises(StepFailed, match="did not answer"):
        Api(str(lost), tmp_path).server_version()
