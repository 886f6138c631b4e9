"""An existing cluster by its context: a local one stands for it, with its real API and Envoys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.clusters import ClusterOptions, mesh_guest, open_cluster
from harness.clusters.api import ISTIO_API, Api
from harness.clusters.context import ContextCluster
from harness.clusters.local import LocalCluster
from harness.errors import EnvironmentCannot
from harness.model import OutboundPolicy, SetOutboundPolicy

NAMESPACE = "istioinaction"
OPTIONS = ClusterOptions("any", external="live")


@pytest.fixture
def context(cluster: LocalCluster, api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    yield cluster.running.name
    api.delete("v1", "namespaces", "", NAMESPACE)
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY))


def namespaces(api: Api) -> set[str]:
    return {each["metadata"]["name"] for each in api.objects("v1", "namespaces")}


def test_it_is_found_described_and_left_as_it_was(context: str, api: Api) -> None:
    before = namespaces(api)
    guest = open_cluster(f"context:{context}", OPTIONS)
    guest.launch()
    guest.wait_ready()
    kubeconfig = Path(guest.kubeconfig)
    facts = guest.facts()
    assert facts.cluster == f"context:{context}"
    assert facts.istio == "1.31.0"
    assert facts.envoy.count(".") == 2
    assert facts.kubernetes.startswith("v1.")
    assert "unknown" in facts.control_plane, "there is no istiod, so none is claimed"
    assert guest.ingress.startswith("http://127.0.0.1:")
    assert kubeconfig.stat().st_mode & 0o077 == 0
    assert namespaces(api) == before | {NAMESPACE}
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.REGISTRY_ONLY))
    guest.stop()
    assert namespaces(api) == before
    assert mesh_guest.outbound_policy(api) is OutboundPolicy.ALLOW_ANY
    assert not kubeconfig.exists()


def test_a_policy_that_was_there_before_comes_back(context: str, api: Api) -> None:
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.REGISTRY_ONLY))
    guest = open_cluster(f"context:{context}", OPTIONS)
    guest.launch()
    guest.wait_ready()
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY))
    guest.stop()
    assert mesh_guest.outbound_policy(api) is OutboundPolicy.REGISTRY_ONLY


def test_somebody_elses_namespace_is_refused_and_untouched(context: str, api: Api) -> None:
    api.ensure_namespace(NAMESPACE, {"team": "payments"})
    guest = open_cluster(f"context:{context}", OPTIONS)
    guest.launch()
    with pytest.raises(EnvironmentCannot, match="was not made by this harness") as caught:
        guest.wait_ready()
    assert "kubectl delete namespace" in caught.value.remedy
    guest.stop()
    assert NAMESPACE in namespaces(api)


def test_ones_own_leftovers_are_cleared(context: str, api: Api) -> None:
    kept = open_cluster(f"context:{context}", ClusterOptions("any", external="live", keep=True))
    kept.launch()
    kept.wait_ready()
    assert kept.is_kept
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left"}}
    api.apply(config, NAMESPACE, "test")
    kept.stop()
    assert NAMESPACE in namespaces(api)
    again = open_cluster(f"context:{context}", OPTIONS)
    again.launch()
    again.wait_ready()
    names = {each["metadata"]["name"] for each in api.objects("v1", "configmaps", NAMESPACE)}
    assert "left" not in names
    again.stop()


def test_a_context_that_is_not_there_names_those_that_are(context: str) -> None:
    guest = open_cluster("context:production", OPTIONS)
    with pytest.raises(EnvironmentCannot, match="no context 'production'") as caught:
        guest.launch()
    assert context in caught.value.remedy
    guest.stop()


def test_without_istio_and_without_leave_to_install_it(
    context: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_guest, "GATEWAY", "no-such-gateway")
    guest = open_cluster(f"context:{context}", OPTIONS)
    guest.launch()
    with pytest.raises(EnvironmentCannot, match="no Deployment istio-ingressgateway") as caught:
        guest.wait_ready()
    assert "--install-istio" in caught.value.remedy
    guest.stop()
    assert NAMESPACE not in namespaces(api)


def test_the_stand_in_is_refused_where_it_cannot_be(context: str, api: Api) -> None:
    guest = open_cluster(f"context:{context}", ClusterOptions("any"))
    guest.launch()
    with pytest.raises(EnvironmentCannot, match="coredns"):
        guest.wait_ready()
    guest.stop()
    assert NAMESPACE not in namespaces(api)


def test_a_port_forward_is_the_last_way_in_and_ends_with_the_run(
    context: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.clusters.ingress_address.candidates", lambda *_: [])
    gateway = {
        "apiVersion": ISTIO_API,
        "kind": "Gateway",
        "metadata": {"name": "any"},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["a.b"]}
            ],
        },
    }
    guest = open_cluster(f"context:{context}", OPTIONS)
    assert isinstance(guest, ContextCluster)
    guest.launch()
    guest.wait_ready()
    api.apply(gateway, NAMESPACE, "test")
    answer = requests.get(f"{guest.ingress}/", headers={"Host": "a.b"}, timeout=10)
    assert answer.status_code == 404
    assert answer.headers["server"] == "istio-envoy"
    forward = guest._forward
    assert forward is not None
    assert Path(f"/proc/{forward.pid}").exists()
    guest.stop()
    assert forward.returncode is not None
