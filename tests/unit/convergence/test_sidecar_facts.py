"""What the chapter's mesh objects imply for a caller's sidecar, in both forms of its routes."""

from __future__ import annotations

from typing import Any

import pytest
from convergence_dumps import (
    ALLOW_ANY,
    BLOCK_ALL,
    INGRESS,
    cluster,
    dump,
    host,
    route,
    service_host,
)
from convergence_objects import SIDECAR, V1, V2, WEBAPP, chapter, to, virtual_service

from harness.convergence import compare, implied
from harness.convergence.dump import parse
from harness.convergence.registry import Registry

RULE = "ch5/catalog-dest-rule.yaml"
SUBSETS = {cluster("version-v1"): [f"{V1}:3000"], cluster("version-v2"): [f"{V2}:3000"]}
V1_ROUTE, V2_ROUTE = route(cluster("version-v1")), route(cluster("version-v2"))
SWAPPED = route({cluster("version-v1"): 10, cluster("version-v2"): 90})
HALF = route({cluster("version-v1"): 50, cluster("version-v2"): 50})
TENTH = route({cluster("version-v1"): 90, cluster("version-v2"): 10})
FORMS = pytest.mark.parametrize("form", ["80", "http_proxy"])
"""Captured traffic (istiod), and the explicit proxy (the local pilot)."""


def gaps(registry: Registry, found: Any) -> tuple[str, ...]:
    return compare(implied(registry, SIDECAR), parse(found))


def sidecar(form: str, *routes: Any, more: Any = (), catch_all: Any = ALLOW_ANY, **kw: Any) -> Any:
    hosts = [service_host("catalog", *routes), service_host("webapp"), INGRESS, *more, catch_all]
    webapp = cluster(host="webapp.istioinaction.svc.cluster.local")
    clusters = {cluster(): [f"{V1}:3000", f"{V2}:3000"], webapp: [f"{WEBAPP}:8080"]}
    return dump({form: hosts}, {**clusters, **kw.get("clusters", {})})


@FORMS
def test_without_rules_services_have_their_default_route(form: str) -> None:
    assert gaps(chapter(), sidecar(form)) == ()


@FORMS
def test_all_to_v1(form: str) -> None:
    registry = chapter("ch5/catalog-vs-v1-mesh.yaml", RULE)
    assert gaps(registry, sidecar(form, V1_ROUTE, clusters=SUBSETS)) == ()
    (gap,) = gaps(registry, sidecar(form, clusters=SUBSETS))
    assert gap == (
        f"route configuration {form} still sends catalog.istioinaction.svc.cluster.local "
        f"[any request] → {cluster()}; wanted [any request] → {cluster('version-v1')}"
    )


@FORMS
def test_a_deleted_rule_is_still_there(form: str) -> None:
    registry = chapter()
    (gap,) = gaps(registry, sidecar(form, V1_ROUTE))
    assert f"wanted [any request] → {cluster()}" in gap


def test_a_rule_whose_subsets_are_not_there_yet_needs_only_the_route() -> None:
    registry = chapter("ch5/catalog-vs-v1-mesh.yaml")
    assert gaps(registry, sidecar("80", V1_ROUTE)) == ()


@pytest.mark.parametrize(
    ("routes", "is_live"),
    [
        pytest.param([TENTH], True, id="as-written"),
        pytest.param([SWAPPED], False, id="swapped"),
        pytest.param([HALF], False, id="half"),
        pytest.param([V1_ROUTE], False, id="not-yet"),
    ],
)  # fmt: skip
def test_weights(routes: list[Any], is_live: bool) -> None:
    registry = chapter("ch5/catalog-vs-v2-10-90-mesh.yaml", RULE)
    assert (gaps(registry, sidecar("80", *routes, clusters=SUBSETS)) == ()) is is_live


def test_zero_weights_are_dropped_and_what_is_left_alone_is_a_plain_route() -> None:
    whole = virtual_service(
        "catalog",
        ["catalog"],
        [{"route": [to("catalog", "version-v1", 0), to("catalog", "version-v2", 30)]}],
    )
    registry = chapter(RULE, objects=[whole])
    for form in (V2_ROUTE, route({cluster("version-v2"): 30})):
        assert gaps(registry, sidecar("80", form, clusters=SUBSETS)) == ()


@pytest.mark.parametrize(
    ("fraction", "is_live"),
    [
        ({"default_value": {"numerator": 100}}, True),
        ({"default_value": {"numerator": 1_000_000, "denominator": "MILLION"}}, True),
        (None, True),
        ({"default_value": {"numerator": 50}}, False),
        ({"default_value": {"numerator": 100, "denominator": "TEN_THOUSAND"}}, False),
    ],
)
def test_mirror(fraction: Any, is_live: bool) -> None:
    registry = chapter("ch5/catalog-vs-v2-mirror.yaml", RULE)
    policy = {"cluster": cluster("version-v2")} | (
        {"runtime_fraction": fraction} if fraction else {}
    )
    mirrored = route(cluster("version-v1"), request_mirror_policies=[policy])
    assert (gaps(registry, sidecar("80", mirrored, clusters=SUBSETS)) == ()) is is_live
    assert gaps(registry, sidecar("80", V1_ROUTE, clusters=SUBSETS))


@FORMS
def test_outbound_policy(form: str) -> None:
    blocked = chapter(mesh="outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    assert gaps(blocked, sidecar(form, catch_all=BLOCK_ALL)) == ()
    assert gaps(blocked, sidecar(form)) == (
        f"route configuration {form} has allow_any instead of block_all",
    )
    assert gaps(chapter(mesh=""), sidecar(form)) == ()
    assert gaps(chapter(), sidecar(form, catch_all=BLOCK_ALL))


def without_retries(target: str) -> Any:
    """Where retries are switched off, Istio generates a route without any policy of them."""
    made = route(target)
    del made["route"]["retry_policy"]
    return made


@FORMS
@pytest.mark.parametrize("off", [{"attempts": 0}, {}], ids=["attempts-0", "empty"])
def test_retries_switched_off(form: str, off: Any) -> None:
    http = {"retries": off, "route": [to("catalog", "version-v1")]}
    registry = chapter(RULE, objects=[virtual_service("catalog", ["catalog"], [http])])
    none = without_retries(cluster("version-v1"))
    assert gaps(registry, sidecar(form, none, clusters=SUBSETS)) == ()
    (gap,) = gaps(registry, sidecar(form, V1_ROUTE, clusters=SUBSETS))
    assert gap.endswith(f"wanted [any request] → {cluster('version-v1')}, retries off")


@FORMS
def test_retries_that_are_on_again_must_have_arrived(form: str) -> None:
    registry = chapter("ch5/catalog-vs-v1-mesh.yaml", RULE)
    none = without_retries(cluster("version-v1"))
    (gap,) = gaps(registry, sidecar(form, none, clusters=SUBSETS))
    assert f"→ {cluster('version-v1')}, retries off; wanted" in gap


def test_the_mesh_s_own_retries_hold_where_no_rule_says_anything() -> None:
    registry = chapter(mesh="defaultHttpRetryPolicy: {attempts: 0}")
    webapp = cluster(host="webapp.istioinaction.svc.cluster.local")
    clusters = {cluster(): [f"{V1}:3000", f"{V2}:3000"], webapp: [f"{WEBAPP}:8080"]}
    hosts = [
        service_host("catalog", without_retries(cluster())),
        service_host("webapp", without_retries(webapp)),
        ALLOW_ANY,
    ]
    assert gaps(registry, dump({"80": hosts}, clusters)) == ()
    assert len(gaps(registry, sidecar("80"))) == 2
    assert len(gaps(chapter(), dump({"80": hosts}, clusters))) == 2


def test_a_rule_s_retries_come_before_the_mesh_s_own() -> None:
    http = {"retries": {"attempts": 2}, "route": [to("catalog")]}
    rule = virtual_service("catalog", ["catalog"], [http])
    registry = chapter(objects=[rule], mesh="defaultHttpRetryPolicy: {attempts: 0}")
    (gap,) = gaps(registry, sidecar("80"))
    assert "webapp" in gap
    assert "catalog" not in gap


OUTSIDE = "jsonplaceholder.typicode.com"


@FORMS
def test_service_entry(form: str) -> None:
    registry = chapter("ch5/forum-serviceentry.yaml")
    entry = host(f"{OUTSIDE}:80", [OUTSIDE, f"{OUTSIDE}:80"], route(cluster(host=OUTSIDE)))
    clusters = {cluster(host=OUTSIDE): []}
    assert gaps(registry, sidecar(form, more=[entry], clusters=clusters)) == ()
    assert gaps(registry, sidecar(form)) == (
        f"route configuration {form} does not know host {OUTSIDE}",
        f"cluster {cluster(host=OUTSIDE)} is missing",
    )
    assert gaps(chapter(), sidecar(form, more=[entry])) == (
        f"route configuration {form} still has host {OUTSIDE}",
    )


def test_a_sidecar_that_has_nothing_yet() -> None:
    found = gaps(chapter(), dump({}, {}))
    assert "it has no outbound route configuration" in found
    assert "route configuration 80 is missing" in found


def test_the_oldest_of_several_mesh_rules_wins() -> None:
    other = virtual_service("another", ["catalog"], [{"route": [to("catalog", "version-v2")]}])
    registry = chapter("ch5/catalog-vs-v1-mesh.yaml", RULE, objects=[other])
    assert gaps(registry, sidecar("80", V1_ROUTE, clusters=SUBSETS)) == ()


def test_match_kinds() -> None:
    http = [
        {
            "match": [
                {
                    "uri": {"regex": "/items/[0-9]+"},
                    "headers": {"x-a": {"prefix": "b"}, "x-there": {}},
                    "withoutHeaders": {"x-c": {"regex": "d.*"}},
                    "queryParams": {"q": {"exact": "1"}},
                    "method": {"exact": "GET"},
                },
                {"uri": {"prefix": "/V"}, "ignoreUriCase": True},
            ],
            "route": [to("catalog")],
        },
    ]
    registry = chapter(objects=[virtual_service("catalog", ["catalog"], http)])
    first = route(cluster())
    first["match"] = {
        "safe_regex": {"regex": "/items/[0-9]+"},
        "headers": [
            {"name": ":method", "string_match": {"exact": "GET"}},
            {"name": "x-there", "present_match": True},
            {"name": "x-a", "string_match": {"prefix": "b"}},
            {
                "name": "x-c",
                "string_match": {"safe_regex": {"regex": "d.*"}},
                "invert_match": True,
                "treat_missing_header_as_empty": True,
            },
        ],
        "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}],
    }
    second = route(cluster(), prefix="/V")
    second["match"]["case_sensitive"] = False
    assert gaps(registry, sidecar("80", first, second)) == ()
    first["match"]["headers"].pop()
    assert gaps(registry, sidecar("80", first, second))


def test_what_follows_a_catch_all_is_cut() -> None:
    http = [{"route": [to("catalog")]}, {"route": [to("webapp")]}]
    registry = chapter(objects=[virtual_service("catalog", ["catalog"], http)])
    assert gaps(registry, sidecar("80", route(cluster()))) == ()


def test_facts_say_themselves() -> None:
    registry = chapter("ch5/catalog-vs-v2-10-90-mesh.yaml", RULE)
    said = [str(fact) for fact in implied(registry, SIDECAR)]
    assert (
        "outbound: catalog.istioinaction.svc.cluster.local:80: [any request] → "
        f"90 {cluster('version-v1')} + 10 {cluster('version-v2')}" in said
    )
    assert "calls to unknown hosts meet allow_any" in said
