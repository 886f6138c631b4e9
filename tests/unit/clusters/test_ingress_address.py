"""Where the gateway is reached from: what Services and nodes of real clusters look like."""

from __future__ import annotations

from typing import Any

import pytest

from harness.clusters.ingress_address import Candidate, candidates

STATUS = {"port": 15021, "nodePort": 31021}
HTTP = {"port": 80, "nodePort": 31080}
NODE = {
    "status": {
        "addresses": [
            {"type": "InternalIP", "address": "172.18.0.2"},
            {"type": "Hostname", "address": "node"},
        ]
    }
}


def service(*ports: dict[str, Any], ingress: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {
        "spec": {"ports": list(ports)},
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


def test_a_cloud_load_balancer_comes_first_and_is_probed_at_its_health_port() -> None:
    found = candidates(
        service(STATUS, HTTP, ingress=[{"hostname": "lb.example"}]), [NODE], "api.example"
    )
    assert found[0] == Candidate("load balancer", "lb.example", 80, 15021)
    assert found[0].url == "http://lb.example"
    assert found[1] == Candidate("node port", "172.18.0.2", 31080, 31021)


def test_a_cluster_on_this_machine_is_first_tried_on_loopback() -> None:
    found = candidates(service(STATUS, HTTP), [NODE], "127.0.0.1")
    assert [each.host for each in found] == ["127.0.0.1", "172.18.0.2"]
    assert found[0].url == "http://127.0.0.1:31080"


def test_without_a_health_port_nothing_can_be_probed() -> None:
    (found,) = candidates(service(HTTP), [], "127.0.0.1")
    assert found.probe == 0


@pytest.mark.parametrize("ports", [(), (STATUS,), ({"port": 80},)])
def test_nothing_promised_is_nothing_found(ports: tuple[dict[str, Any], ...]) -> None:
    assert candidates(service(*ports), [NODE], "api.example") == []


def test_ipv6() -> None:
    assert Candidate("node port", "fd00::2", 31080, 0).url == "http://[fd00::2]:31080"
