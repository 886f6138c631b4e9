"""What the chapter's gateway objects imply for the ingress gateway, against dumps of one."""

from __future__ import annotations

from typing import Any

import pytest
from convergence_dumps import cluster, dump, exact, host, route
from convergence_objects import GATEWAY, V1, V2, chapter, to, virtual_service

from harness.convergence import compare, implied
from harness.convergence.dump import parse
from harness.convergence.registry import Registry

ENTRANCE = ("ch5/catalog-gateway.yaml", "ch5/catalog-vs.yaml")
ALL_V1 = ("ch5/catalog-gateway.yaml", "ch5/catalog-dest-rule.yaml", "ch5/catalog-vs-v1.yaml")
HEADER = (
    "ch5/catalog-gateway.yaml",
    "ch5/catalog-dest-rule.yaml",
    "ch5/catalog-vs-v2-request.yaml",
)
BOTH = [f"{V1}:3000", f"{V2}:3000"]
SUBSETS = {cluster("version-v1"): [f"{V1}:3000"], cluster("version-v2"): [f"{V2}:3000"]}
HOST = "catalog.istioinaction.io"


def gaps(registry: Registry, found: Any) -> tuple[str, ...]:
    return compare(implied(registry, GATEWAY), parse(found))


def catalog_host(*routes: Any, domains: tuple[str, ...] = (HOST,)) -> Any:
    return host(f"{HOST}:80", domains, *routes)


def gateway(*routes: Any, clusters: Any = None) -> Any:
    return dump({"http.8080": [catalog_host(*routes)]}, {cluster(): BOTH, **(clusters or {})})


def test_open_gateway_is_live() -> None:
    assert gaps(chapter(*ENTRANCE), gateway(route(cluster()))) == ()


def test_virtual_host_without_routes_lacks_them() -> None:
    (gap,) = gaps(chapter(*ENTRANCE), gateway())
    assert gap == (
        f"route configuration http.8080 still sends {HOST} no route; "
        f"wanted [any request] → {cluster()}"
    )


def test_listener_that_is_not_there_yet() -> None:
    found = dump({"http.8080": [catalog_host(route(cluster()))]}, {cluster(): BOTH}, listening=[])
    assert gaps(chapter(*ENTRANCE), found) == (
        "no active listener uses route configuration http.8080",
    )


def test_before_any_gateway_nothing_may_be_routed() -> None:
    blackhole = host("blackhole:8080", ["*"])
    assert gaps(chapter(), dump({}, {})) == ()
    assert gaps(chapter(), dump({"http.8080": [blackhole]}, {})) == ()


def test_deleted_gateway_is_still_there() -> None:
    (gap,) = gaps(chapter(), gateway(route(cluster())))
    assert gap == f"route configuration http.8080 still has host {HOST}"


def test_subset_must_exist_and_hold_its_pods_only() -> None:
    registry = chapter(*ALL_V1)
    routes = (route(cluster("version-v1")),)
    assert gaps(registry, gateway(*routes, clusters=SUBSETS)) == ()
    name = cluster("version-v1")
    assert gaps(registry, gateway(*routes)) == (
        f"cluster {name} is missing",
        f"cluster {name} has endpoints none, and the ready pods are {V1}:3000",
    )
    (gap,) = gaps(registry, gateway(*routes, clusters={**SUBSETS, name: BOTH}))
    assert gap == (
        f"cluster {name} has endpoints {V1}:3000, {V2}:3000, and the ready pods are {V1}:3000"
    )


def test_subsets_of_a_deleted_rule_are_still_there() -> None:
    found = gateway(route(cluster()), clusters=SUBSETS)
    (gap,) = gaps(chapter(*ENTRANCE), found)
    assert "subset version-v1, version-v2 of catalog" in gap


def test_an_endpoint_that_is_not_ready_must_not_be_used() -> None:
    registry = chapter(*ENTRANCE, catalog={"catalog_v2": f"!{V2}"})
    (gap,) = gaps(registry, gateway(route(cluster())))
    assert gap.endswith(f"and the ready pods are {V1}:3000")


INTERNAL = exact("x-istio-cohort", "internal")


def test_header_match_is_live() -> None:
    found = gateway(
        route(cluster("version-v2"), INTERNAL), route(cluster("version-v1")), clusters=SUBSETS
    )
    assert gaps(chapter(*HEADER), found) == ()


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param((route(cluster("version-v1")),), id="not-yet"),
        pytest.param(
            (route(cluster("version-v1")), route(cluster("version-v2"), INTERNAL)), id="order"
        ),
        pytest.param(
            (
                route(cluster("version-v2"), exact("x-istio-cohort", "external")),
                route(cluster("version-v1")),
            ),
            id="value",
        ),
        pytest.param(
            (
                route(cluster("version-v2"), exact("x-cohort", "internal")),
                route(cluster("version-v1")),
            ),
            id="name",
        ),
        pytest.param(
            (
                route(cluster("version-v2"), {**INTERNAL, "invert_match": True}),
                route(cluster("version-v1")),
            ),
            id="inverted",
        ),
        pytest.param(
            (route(cluster("version-v1"), INTERNAL), route(cluster("version-v2"))), id="swapped"
        ),
        pytest.param(
            (route(cluster("version-v2"), INTERNAL, prefix="/x"), route(cluster("version-v1"))),
            id="path",
        ),
    ],
)
def test_any_other_routing_is_no_header_match(routes: Any) -> None:
    (gap,) = gaps(chapter(*HEADER), gateway(*routes, clusters=SUBSETS))
    assert "[header x-istio-cohort exact internal]" in gap


def test_domains_with_ports_are_the_same_host() -> None:
    found = dump(
        {"http.8080": [catalog_host(route(cluster()), domains=(HOST, f"{HOST}:*"))]},
        {cluster(): BOTH},
    )
    assert gaps(chapter(*ENTRANCE), found) == ()


def test_virtual_services_of_one_host_are_merged_and_catch_alls_come_last() -> None:
    special = virtual_service(
        "special",
        [HOST],
        [{"match": [{"uri": {"prefix": "/special"}}], "route": [to("webapp")]}],
        ["catalog-gateway"],
    )
    webapp = "webapp.istioinaction.svc.cluster.local"
    registry = chapter(*ENTRANCE, objects=[special])
    clusters = {cluster(host=webapp): ["127.77.0.7:8080"]}
    first = route(cluster(host=webapp), prefix="/special")
    assert gaps(registry, gateway(first, route(cluster()), clusters=clusters)) == ()
    assert gaps(registry, gateway(route(cluster()), first, clusters=clusters))


def test_a_mesh_rule_does_not_reach_the_gateway() -> None:
    registry = chapter(*ENTRANCE, "ch5/catalog-vs-v1-mesh.yaml", "ch5/catalog-dest-rule.yaml")
    assert gaps(registry, gateway(route(cluster()), clusters=SUBSETS)) == ()


def test_a_destination_that_does_not_exist_needs_no_cluster() -> None:
    lost = virtual_service(
        "catalog-vs-from-gw",
        [HOST],
        [{"route": [to("catalog", weight=50), to("nowhere", weight=50)]}],
        ["catalog-gateway"],
    )
    nowhere = cluster(host="nowhere.istioinaction.svc.cluster.local")
    found = gateway(route({cluster(): 50, nowhere: 50}))
    assert gaps(chapter(*ENTRANCE, objects=[lost]), found) == ()


def test_routes_of_a_removed_listener_that_still_drains_do_not_count() -> None:
    draining = {"http.8080": [catalog_host(route(cluster()))]}
    assert gaps(chapter(), dump(draining, {}, listening=[])) == ()
