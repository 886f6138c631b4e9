"""From objects, logs and counts to the sentence that names the cause."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.chapter import parts
from harness.diagnosis import Evidence, explain_check
from harness.model import Check, MirrorCheck, Request
from tests.unit.diagnosis.diagnosis_evidence import access, endpoints, pod, result, shop

ONLY_V1 = parts.catalog(parts.ITEMS, parts.only("v1"))
INTERNAL = parts.catalog(parts.ITEMS_INTERNAL, parts.only("v2"))
MIXED = parts.catalog(parts.ITEMS, parts.BOTH_VERSIONS)
MESH_V1 = parts.catalog(parts.SHOP_CATALOG, parts.only("v1"))
MESH_INTERNAL = parts.catalog(parts.SHOP_CATALOG_INTERNAL, parts.only("v2"))
TENTH = parts.catalog(parts.SHOP_CATALOG, parts.split(0.9, 0.1))
HOST = "catalog.istioinaction.svc.cluster.local"


def why(evidence: Evidence, check: Check, counts: Mapping[str, int]) -> str:
    return "\n".join(map(str, explain_check(evidence, check, result(**counts))))


def edited(evidence: Evidence, kind: str, name: str, path: str, value: Any) -> Evidence:
    """The evidence with one field of one object changed; ``path`` by dots, numbers for lists."""
    objects = copy.deepcopy(getattr(evidence, kind))
    found = replace(evidence, **{kind: objects})
    (obj,) = [one for one in objects if one["metadata"]["name"] == name]
    *way, last = path.split(".")
    for key in way:
        obj = obj[int(key)] if key.isdigit() else obj[key]
    if isinstance(obj, list):
        obj[int(last)] = value
    else:
        obj[last] = value
    return found


def test_the_issue_of_a_missing_subset_is_told_with_object_cause_and_command() -> None:
    evidence = edited(
        shop("catalog-dest-rule", "catalog-vs-v1-mesh"),
        "virtual_services", "catalog", "spec.http.0.route.0.destination.subset", "version-v3",
    )  # fmt: skip
    assert why(evidence, MESH_V1, {"error": 500}) == (
        "DestinationRule catalog defines no subset version-v3, which VirtualService catalog routes "
        "to (it has version-v1, version-v2): Envoy answers 503 NC\n"
        "  see: kubectl -n istioinaction get destinationrule catalog -o yaml"
    )


def test_a_healthy_shop_gives_no_cause() -> None:
    evidence = shop("catalog-dest-rule", "catalog-vs-v1-mesh")
    assert why(evidence, MESH_V1, {"v1": 499}) == ""


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("spec.hosts.0", "other.io", "no VirtualService bound to it routes that host"),
        ("spec.gateways.0", "x", "bound to istioinaction/x instead of Gateway catalog-gateway"),
        ("spec.http.0.route.0.destination.host", "nobody", "which is no service"),
        ("spec.http.0.route.0.destination.port", {"number": 81}, "routes to port 81 of"),
        ("spec.http.0.match", [{"uri": {"prefix": "/shop"}}], "matches GET /items"),
        ("spec.http.0.route.0.destination.subset", "version-v2", "sends 100% to subset version-v2"),
    ],
)
def test_faults_of_the_gateways_virtual_service(path: str, value: Any, said: str) -> None:
    sound = shop("catalog-gateway", "catalog-dest-rule", "catalog-vs-v1")
    evidence = edited(sound, "virtual_services", "catalog-vs-from-gw", path, value)
    assert said in why(evidence, ONLY_V1, {"v2": 10})


def test_faults_of_the_gateway() -> None:
    sound = shop("catalog-gateway", "catalog-vs")
    other = edited(sound, "gateways", "catalog-gateway", "spec.selector.istio", "nobody")
    assert "selects proxies labelled istio=nobody, and no pod is" in why(other, MIXED, {"x": 1})
    assert "no Gateway admits host catalog.istioinaction.io (the Gateways admit webapp." in why(
        shop("catalog-vs"), MIXED, {"x": 1}
    )
    told = why(sound, parts.unreachable(parts.ITEMS), {"answered 200": 100})
    assert told.startswith("Gateway catalog-gateway admits host catalog.istioinaction.io and Virt")


def test_faults_of_the_subsets() -> None:
    sound = shop("catalog-gateway", "catalog-dest-rule", "catalog-vs-v1")
    labels = "spec.subsets.0.labels.version"
    swapped = edited(sound, "destination_rules", "catalog", labels, "v2")
    told = why(swapped, ONLY_V1, {"v2": 10})
    assert "subset version-v1 selects pods labelled version=v2, not version=v1" in told
    nobody = edited(sound, "destination_rules", "catalog", labels, "v9")
    assert "selects pods labelled version=v9, and Service catalog has none" in why(
        nobody, ONLY_V1, {"status 503": 10}
    )
    without = shop("catalog-gateway", "catalog-vs-v1")
    assert f"no DestinationRule for host {HOST} defines subset version-v1" in why(
        without, ONLY_V1, {"status 503": 10}
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"x-other": {"exact": "internal"}}, "asks for header x-other exact 'internal', and the "),
        ({"x-istio-cohort": {"exact": "Internal"}}, "exact 'Internal', and the request says 'int"),
        ({"X-Istio-Cohort": {"prefix": "in-"}}, "prefix 'in-', and the request says 'internal'"),
        ({"x-istio-cohort": {"regex": "int"}}, "regex 'int', and the request says 'internal'"),
    ],
)
def test_a_match_that_does_not_take_the_request_says_why(wanted: dict[str, Any], said: str) -> None:
    sound = shop("catalog-dest-rule", "catalog-vs-v2-request-mesh")
    path = "spec.http.0.match.0.headers"
    told = why(edited(sound, "virtual_services", "catalog", path, wanted), MESH_INTERNAL, {"v1": 9})
    assert "rule 1 of VirtualService catalog does not match" in told
    assert said in told


def test_a_catch_all_before_a_match_hides_it_in_the_mesh() -> None:
    sound = shop("catalog-dest-rule", "catalog-vs-v2-request-mesh")
    (rule,) = [v for v in sound.virtual_services if v["metadata"]["name"] == "catalog"]
    rule["spec"]["http"].reverse()
    assert "takes every request, so rule 2 (header x-istio-cohort exact 'internal')" in why(
        sound, MESH_INTERNAL, {"v1": 9}
    )


def test_off_weights_are_told_with_both_splits() -> None:
    sound = shop("catalog-dest-rule", "catalog-vs-v2-10-90-mesh")
    route = "spec.http.0.route"
    off = edited(sound, "virtual_services", "catalog", f"{route}.0.weight", 80)
    off = edited(off, "virtual_services", "catalog", f"{route}.1.weight", 20)
    assert (
        "VirtualService catalog sends 80% to subset version-v1 and 20% to subset version-v2 for "
        "GET /api/catalog -H 'Host: webapp.istioinaction.io', which reaches 80% v1 and 20% v2; "
        "wanted 90% v1 and 10% v2"
    ) in why(off, TENTH, {"v1": 800, "v2": 200})


def test_a_rule_that_does_not_act_in_the_mesh() -> None:
    sound = shop("catalog-dest-rule", "catalog-vs-v1-mesh")
    elsewhere = edited(sound, "virtual_services", "catalog", "spec.gateways.0", "coolstore-gateway")
    assert "is bound to istioinaction/coolstore-gateway and not to mesh" in why(
        elsewhere, MESH_V1, {"v1": 5, "v2": 5}
    )
    other = edited(sound, "virtual_services", "catalog", "spec.hosts.0", "catalogue")
    assert "(VirtualService catalog is for catalogue)" in why(other, MESH_V1, {"v1": 5, "v2": 5})
    assert "no VirtualService for host" in why(shop("catalog-dest-rule"), MESH_V1, {"v2": 5})


def test_versions_that_do_not_answer_as_labelled() -> None:
    evidence = shop("catalog-gateway", "catalog-vs")
    plain = [one for one in evidence.pods if one["metadata"]["name"] != "catalog-v2-1"]
    pods = (*plain, pod("catalog-v2-1", app="catalog", version="v2"))
    told = why(shop("catalog-gateway", "catalog-vs", pods=pods), MIXED, {"v1": 10})
    assert "pod catalog-v2-1 is labelled version=v2 and answers as v1" in told
    only_v1 = (endpoints("catalog", "catalog-1"),)
    told = why(shop("catalog-gateway", "catalog-vs", slices=only_v1), MIXED, {"v1": 10})
    assert "Service catalog has no ready endpoint of version v2: only 100% v1 can answer" in told


def test_an_application_that_fails_is_told_from_the_mesh() -> None:
    inbound = "inbound|3000||"
    log = access("/items", 200, inbound, times=98) + access("/items", 500, inbound, times=2)
    gateway = access("/items", 500, f"outbound|80|version-v1|{HOST}", times=2)
    evidence = shop(
        "catalog-gateway", "catalog-dest-rule", "catalog-vs-v1",
        access={
            "istioinaction/catalog-1": log,
            "istio-system/istio-ingressgateway-1": gateway,
        },
    )  # fmt: skip
    told = why(evidence, ONLY_V1, {"v1": 98, "status 500": 2})
    assert told.startswith("pod catalog-1 itself answered 500 to 2 of 100 requests")


def test_flags_that_a_proxy_raised_are_named() -> None:
    log = access("/items", 503, f"outbound|80|version-v1|{HOST}", "UF,URX", "reset", times=7)
    evidence = shop(
        "catalog-gateway", "catalog-dest-rule", "catalog-vs-v1",
        access={"istio-system/istio-ingressgateway-1": log},
    )  # fmt: skip
    assert "istio-ingressgateway-1 answered 503 UF,URX to 7 requests" in why(
        evidence, ONLY_V1, {"v1": 3, "status 503": 7}
    )


def test_a_header_that_webapp_drops_is_seen_in_its_sidecars_log() -> None:
    log = access("/api/catalog", 200, "inbound|8080||", times=5)
    log += access("/items", 200, f"outbound|80|version-v1|{HOST}", times=5)
    evidence = shop(
        "catalog-dest-rule", "catalog-vs-v2-request-mesh",
        access={"istioinaction/webapp-1": log},
    )  # fmt: skip
    assert "webapp does not pass header x-istio-cohort on: the sidecar of pod webapp-1 sent 5 " in (
        why(evidence, MESH_INTERNAL, {"v1": 5})
    )


def test_egress() -> None:
    blocked, allowed = parts.users("blocked"), parts.users("users")
    assert "outboundTrafficPolicy.mode is ALLOW_ANY" in why(shop(), blocked, {"users": 9})
    closed = {"outbound_policy": "REGISTRY_ONLY"}
    entry = shop("forum-serviceentry", **closed)
    assert "ServiceEntry jsonplaceholder opens" in why(entry, blocked, {"users": 9})
    assert "no ServiceEntry names" in why(shop(**closed), allowed, {"blocked": 9})
    port = edited(entry, "service_entries", "jsonplaceholder", "spec.ports.0.number", 443)
    told = why(port, allowed, {"blocked": 9})
    assert "is for jsonplaceholder.typicode.com port 443, not for" in told


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("mirrorPercentage", {"value": 25.5}, "mirrors 25.5% of the requests"),
        ("mirror", None, "mirrors nothing"),
        ("mirror.subset", "version-v1", "mirrors to subset version-v1"),
        ("mirror.subset", "version-v9", "defines no subset version-v9"),
    ],
)
def test_mirrors(path: str, value: Any, said: str) -> None:
    check = MirrorCheck(MESH_V1, parts.CATALOG_V1, parts.CATALOG_V2, "/items")
    sound = shop("catalog-dest-rule", "catalog-vs-v2-mirror")
    evidence = edited(sound, "virtual_services", "catalog", f"spec.http.0.{path}", value)
    assert said in why(evidence, check, {"v1": 9, "copies": 3})


def test_a_refused_connection_is_nobodys_rule() -> None:
    told = why(shop("catalog-gateway", "catalog-vs"), MIXED, {"refused": 1000})
    assert told.startswith("the ingress refused 1,000 of 1,000 connections")


def test_hosts_and_paths_of_requests_nobody_routes() -> None:
    nobody = parts.catalog(Request("/items", "nobody.example"), parts.only("v1"))
    assert "no Gateway admits host nobody.example" in why(shop(), nobody, {"status 404": 9})


def test_a_target_port_that_no_container_names() -> None:
    nobody = ({**endpoints("catalog", "catalog-1"), "ports": []},)
    evidence = shop("catalog-gateway", "catalog-vs", slices=nobody)
    assert (
        "Service catalog has no ready endpoint: its targetPort http names no port of pod cat"
        in (why(evidence, MIXED, {"status 503": 9}))
    )


def test_a_caller_that_asks_for_a_service_nobody_knows() -> None:
    log = access("/api/catalog", 500, "inbound|8080||", times=5)
    log += access("/items", 404, "dynamic_forward_proxy", times=5)
    evidence = shop(access={"istioinaction/webapp-1": log})
    mixed = parts.catalog(parts.SHOP_CATALOG, parts.BOTH_VERSIONS)
    told = why(evidence, mixed, {"error calling Catalog service": 5})
    assert told.startswith("pod webapp-1 called host host 5 times, which is no service of the mesh")
