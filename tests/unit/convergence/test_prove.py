"""The loop around the comparison: what is read back, when it ends, and what it says."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from convergence_dumps import BLOCK_ALL, cluster, dump, host, route
from convergence_objects import endpoint_slice, service

from harness.convergence import prove
from harness.errors import NotLive
from harness.model import ProxySelector

GATEWAY = ProxySelector("ingress gateway", "istio-system", {"istio": "ingressgateway"})
WEBAPP = ProxySelector("sidecar of webapp", "istioinaction", {"app": "webapp"})
PARTS = [
    "config_dump?mask=dynamic_route_configs",
    "config_dump?mask=dynamic_listeners",
    "clusters?format=json",
]
HERE = "webapp.istioinaction.svc.cluster.local"


def pod(name: str, namespace: str, labels: dict[str, str], *containers: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": container} for container in containers]},
        "status": {"phase": "Running"},
    }


class Cluster:
    """A source whose proxies answer with what ``answer`` says at each look."""

    def __init__(self, answer: Callable[[str, int], Any], *pods: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: dict[str, list[str]] = {}
        self.lock = threading.Lock()
        self.found: dict[str, list[Any]] = {
            "pods": list(pods),
            "services": [service("webapp", 8080)],
            "endpointslices": [endpoint_slice("webapp", 8080, w="127.77.0.7")],
        }

    def objects(self, api_version: str, plural: str, namespace: str = "") -> list[Any]:
        return copy.deepcopy(self.found.get(plural, []))

    def mesh_config(self) -> str:
        return "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        assert (container, *command[:3]) == ("istio-proxy", "pilot-agent", "request", "GET")
        with self.lock:
            asked = self.asked.setdefault(pod, [])
            asked.append(command[3])
            look = asked.count(command[3])
        return json.dumps(self.answer(pod, look)[PARTS.index(command[3])]).encode()

    @property
    def looks(self) -> dict[str, int]:
        return {pod: asked.count(PARTS[0]) for pod, asked in self.asked.items()}


WEBAPP_POD = pod("webapp-1", "istioinaction", {"app": "webapp"}, "webapp", "istio-proxy")
GATEWAY_POD = pod("gateway-1", "istio-system", {"istio": "ingressgateway"}, "istio-proxy")
LIVE = dump(
    {"80": [host(f"{HERE}:80", [HERE], route(cluster(host=HERE))), BLOCK_ALL]},
    {cluster(host=HERE): ["127.77.0.7:8080"]},
)
NOTHING = dump({}, {})


def test_proof_waits_for_the_last_proxy_and_asks_proven_ones_no_more() -> None:
    def answer(pod: str, look: int) -> Any:
        return LIVE if pod == "webapp-1" and look >= 3 else NOTHING

    found = Cluster(answer, WEBAPP_POD, GATEWAY_POD)
    proof = prove(found, [GATEWAY, WEBAPP])
    assert found.looks == {"gateway-1": 1, "webapp-1": 3}
    assert {proxy.proxy for proxy in proof.proxies} == {
        "gateway istio-system/gateway-1",
        "sidecar istioinaction/webapp-1",
    }
    assert sorted(found.asked["gateway-1"]) == sorted(PARTS)
    assert set(found.asked["webapp-1"]) == {PARTS[0], PARTS[2]}
    facts = {proxy.proxy: proxy.facts for proxy in proof.proxies}
    assert facts["sidecar istioinaction/webapp-1"] > facts["gateway istio-system/gateway-1"]


def test_proxies_are_proven_again_when_the_objects_change_meanwhile() -> None:
    late = "late.istioinaction.svc.cluster.local"
    later = copy.deepcopy(LIVE)
    later[0]["configs"][0]["dynamic_route_configs"][0]["route_config"]["virtual_hosts"].insert(
        0, host(f"{late}:80", [late], route(cluster(host=late)))
    )
    later[2]["cluster_statuses"].append({"name": cluster(host=late)})
    found: Cluster

    def answer(pod: str, look: int) -> Any:
        if pod == "webapp-1" and look == 2:
            found.found["services"].append(service("late", 8080))
        return NOTHING if pod == "gateway-1" or look == 1 else later

    found = Cluster(answer, WEBAPP_POD, GATEWAY_POD)
    prove(found, [GATEWAY, WEBAPP])
    assert found.looks["gateway-1"] >= 2


def test_time_out_names_the_proxy_and_what_it_lacks() -> None:
    found = Cluster(lambda pod, look: NOTHING, WEBAPP_POD, GATEWAY_POD)
    with pytest.raises(NotLive) as caught:
        prove(found, [GATEWAY, WEBAPP], seconds=0.0)
    assert caught.value.reason.startswith("not live after 0 s: sidecar istioinaction/webapp-1: ")
    assert "route configuration 80 is missing" in caught.value.reason
    assert "gateway-1" not in caught.value.reason
    assert caught.value.remedy


@pytest.mark.parametrize(
    "lost",
    [
        pod("webapp-1", "istioinaction", {"app": "webapp"}, "webapp"),
        pod("webapp-1", "elsewhere", {"app": "webapp"}, "webapp", "istio-proxy"),
        {**WEBAPP_POD, "status": {"phase": "Succeeded"}},
    ],
)
def test_a_selector_without_a_proxy_proves_nothing(lost: dict[str, Any]) -> None:
    found = Cluster(lambda pod, look: LIVE, lost)
    with pytest.raises(NotLive, match="no proxy found: sidecar of webapp"):
        prove(found, [WEBAPP], seconds=0.0)


def test_an_injected_proxy_may_be_a_restartable_init_container() -> None:
    native = pod("webapp-1", "istioinaction", {"app": "webapp"}, "webapp")
    native["spec"]["initContainers"] = [{"name": "istio-proxy", "restartPolicy": "Always"}]
    found = Cluster(lambda pod, look: LIVE, native)
    (proof,) = prove(found, [WEBAPP]).proxies
    assert proof.proxy == "sidecar istioinaction/webapp-1"
