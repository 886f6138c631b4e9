"""Where a sidecar's explicit proxy sends calls: Istio's mesh rules as tables."""

from __future__ import annotations

import chapter_yaml as chapter
import pytest
from pilot_world import call, shop, sidecar, translated

CATALOG = "outbound|80||catalog.istioinaction.svc.cluster.local"
V1 = "outbound|80|version-v1|catalog.istioinaction.svc.cluster.local"
V2 = "outbound|80|version-v2|catalog.istioinaction.svc.cluster.local"
MULTI = "outbound|8080||multi.istioinaction.svc.cluster.local"
API = "outbound|80||api.other.svc.cluster.local"


def virtual_service(name: str, hosts: str, http: str, namespace: str = "istioinaction") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: {hosts}
  http: {http}
"""


def to(host: str, port: int | None = None) -> str:
    where = f"host: {host}" + (f", port: {{number: {port}}}" if port else "")
    return f"[{{route: [{{destination: {{{where}}}}}]}}]"


@pytest.mark.parametrize(
    ("host", "cluster"),
    [
        ("catalog", CATALOG),
        ("CATALOG", CATALOG),
        ("catalog:80", CATALOG),
        ("catalog.istioinaction", CATALOG),
        ("catalog.istioinaction:80", CATALOG),
        ("catalog.istioinaction.svc", CATALOG),
        ("catalog.istioinaction.svc.cluster.local", CATALOG),
        ("catalog.istioinaction.svc.cluster.local.", CATALOG),
        ("10.96.7.1", CATALOG),
        ("10.96.7.1:80", CATALOG),
        ("multi:8080", MULTI),
        ("multi.istioinaction.svc.cluster.local:8080", MULTI),
        ("multi", MULTI.replace("8080", "80")),
        ("admin:81", "outbound|81||admin.istioinaction.svc.cluster.local"),
        ("db:3306", "outbound|3306||db.istioinaction.svc.cluster.local"),
        ("api.other", API),
        ("api.other.svc:80", API),
        ("api", None),
        ("admin", None),
        ("catalog:81", None),
        ("catalog.istioinaction.svc.cluster", None),
        ("example.com", None),
    ],
)
def test_every_service_port_is_reached_by_the_names_its_callers_may_use(
    host: str, cluster: str | None
) -> None:
    resources = translated(sidecar(), chapter.mesh_config("REGISTRY_ONLY"))
    outcome = call(resources, host)
    if cluster is None:
        assert (outcome.virtual_host, outcome.status) == ("block_all", 502)
    else:
        assert (outcome.routes, outcome.route) == ("http_proxy", "default")
        assert outcome.clusters == (cluster,)


def test_short_names_belong_to_the_callers_namespace() -> None:
    resources = translated(sidecar("other"), chapter.mesh_config("REGISTRY_ONLY"))
    assert call(resources, "api").clusters == (API,)
    assert call(resources, "catalog").status == 502
    assert call(resources, "catalog.istioinaction").clusters == (CATALOG,)


def test_hosts_nobody_knows_leave_the_mesh_only_if_allowed() -> None:
    allowed = call(translated(sidecar()), "example.com")
    assert (allowed.virtual_host, allowed.clusters) == ("allow_any", ("PassthroughCluster",))
    assert [share.flag for share in allowed.shares] == [""]


def test_virtual_hosts_are_sorted_and_no_domain_occurs_twice() -> None:
    twice = virtual_service("twice", "[CATALOG.istioinaction, Example.com, example.org]", to("api"))
    routes = translated(sidecar(), chapter.MESH_V1, twice).routes["http_proxy"].message
    names = [host.name for host in routes.virtual_hosts]  # type: ignore[attr-defined]
    assert names[:-1] == sorted(names[:-1])
    assert names[-1] == "allow_any"
    domains = [d.lower() for h in routes.virtual_hosts for d in h.domains]  # type: ignore[attr-defined]
    assert len(domains) == len(set(domains))


def test_the_lessons_routes() -> None:
    v1 = translated(sidecar(), chapter.DESTINATION_RULE, chapter.MESH_V1)
    assert call(v1, "catalog").clusters == (V1,)
    by_header = translated(sidecar(), chapter.DESTINATION_RULE, chapter.MESH_V2_REQUEST)
    assert call(by_header, "catalog").clusters == (V1,)
    assert call(by_header, "catalog", headers={"X-Istio-Cohort": "internal"}).clusters == (V2,)
    split = translated(sidecar(), chapter.DESTINATION_RULE, chapter.mesh_weights(90, 10))
    shares = call(split, "catalog").shares
    assert [(s.cluster, s.weight, s.flag) for s in shares] == [(V1, 90, ""), (V2, 10, "")]
    mirror = translated(sidecar(), chapter.DESTINATION_RULE, chapter.MESH_MIRROR)
    assert call(mirror, "catalog").clusters == (V1,)
    assert call(mirror, "catalog").mirrors == (V2,)


def test_a_virtual_service_of_a_gateway_does_not_touch_the_mesh() -> None:
    resources = translated(sidecar(), chapter.GATEWAY, chapter.VS_V1)
    assert call(resources, "catalog").route == "default"
    assert call(resources, "catalog.istioinaction.io").virtual_host == "allow_any"


def test_missing_subsets_lose_only_their_share() -> None:
    shares = call(translated(sidecar(), chapter.mesh_weights(50, 50)), "catalog").shares
    assert [share.flag for share in shares] == ["NC", "NC"]
    none_ready = chapter.DESTINATION_RULE.replace("version: v2", "version: v3")
    shares = call(translated(sidecar(), none_ready, chapter.mesh_weights(50, 50)), "catalog").shares
    assert [share.flag for share in shares] == ["", "UH"]


def test_zero_weights_are_dropped_and_one_destination_needs_none() -> None:
    dropped = translated(sidecar(), chapter.DESTINATION_RULE, chapter.mesh_weights(100, 0))
    assert call(dropped, "catalog").clusters == (V1,)
    odd = translated(sidecar(), chapter.DESTINATION_RULE, chapter.mesh_weights(1, 2))
    assert [share.weight for share in call(odd, "catalog").shares] == [1, 2]


def test_of_two_virtual_services_for_one_host_the_oldest_wins() -> None:
    old = virtual_service("zz-old", "[catalog]", to("multi", 8080))
    young = virtual_service("aa-young", "[catalog]", to("api.other.svc.cluster.local"))
    assert call(translated(sidecar(), old, young), "catalog").clusters == (MULTI,)
    assert call(translated(sidecar(), young, old), "catalog").clusters == (API,)


def test_of_wildcards_the_most_specific_wins() -> None:
    everything = virtual_service("a", "['*.svc.cluster.local']", to("api.other.svc.cluster.local"))
    namespace = virtual_service("b", "['*.istioinaction.svc.cluster.local']", to("multi", 8080))
    exact = virtual_service("c", "[catalog]", to("catalog"))
    resources = translated(sidecar(), everything, namespace, exact)
    assert call(resources, "catalog").clusters == (CATALOG,)
    assert call(resources, "multi").clusters == (MULTI,)
    assert call(resources, "api.other").clusters == (API,)
    assert call(resources, "foo.istioinaction.svc.cluster.local").virtual_host == "allow_any"


def test_hosts_that_are_no_service_exist_on_port_80_only() -> None:
    resources = translated(sidecar(), virtual_service("x", "[Shop.example.com]", to("catalog")))
    assert call(resources, "shop.example.com").clusters == (CATALOG,)
    assert call(resources, "shop.example.com:80").clusters == (CATALOG,)
    assert call(resources, "shop.example.com:8080").virtual_host == "allow_any"


def test_a_destination_without_a_port_takes_the_listeners() -> None:
    resources = translated(sidecar(), virtual_service("x", "[multi]", to("multi")))
    assert call(resources, "multi").clusters == (MULTI.replace("8080", "80"),)
    assert call(resources, "multi:8080").clusters == (MULTI,)
    elsewhere = translated(sidecar(), virtual_service("x", "[multi]", to("catalog")))
    (share,) = call(elsewhere, "multi:8080").shares
    assert (share.cluster, share.flag) == (CATALOG.replace("|80|", "|8080|"), "NC")


@pytest.mark.parametrize(
    ("match", "hit", "miss"),
    [
        ("{uri: {exact: /items}}", {"path": "/items?x=1"}, {"path": "/items/1"}),
        ("{uri: {prefix: /items}}", {"path": "/itemsandmore"}, {"path": "/Items"}),
        ("{uri: {prefix: /items}, ignoreUriCase: true}", {"path": "/ITEMS/1"}, {"path": "/"}),
        ("{uri: {regex: '/items/[0-9]+'}}", {"path": "/items/12"}, {"path": "/items/12/x"}),
        ("{method: {exact: POST}}", {"method": "POST"}, {"method": "GET"}),
        ("{headers: {x-a: {exact: b}}}", {"headers": {"X-A": "b"}}, {"headers": {"x-a": "B"}}),
        ("{headers: {x-a: {prefix: b}}}", {"headers": {"x-a": "bc"}}, {"headers": {}}),
        (
            "{headers: {x-a: {regex: 'b+'}}}",
            {"headers": {"x-a": "bb"}},
            {"headers": {"x-a": "bbc"}},
        ),
        ("{headers: {x-a: {}}}", {"headers": {"x-a": ""}}, {"headers": {"x-b": ""}}),
        ("{headers: {x-a: {regex: '*'}}}", {"headers": {"x-a": "1"}}, {"headers": {}}),
        ("{withoutHeaders: {x-a: {exact: b}}}", {"headers": {}}, {"headers": {"x-a": "b"}}),
        ("{withoutHeaders: {x-a: {}}}", {"headers": {}}, {"headers": {"x-a": "b"}}),
        ("{queryParams: {a: {exact: b}}}", {"path": "/?a=b"}, {"path": "/?a=c"}),
        ("{queryParams: {a: {}}}", {"path": "/?a"}, {"path": "/?b"}),
        (
            "{uri: {prefix: /x}, headers: {x-a: {exact: b}}}",
            {"path": "/x", "headers": {"x-a": "b"}},
            {"path": "/x"},
        ),
        ("{sourceLabels: {app: web}, uri: {prefix: /x}}", {"path": "/x"}, {"path": "/"}),
        ("{port: 80, uri: {prefix: /x}}", {"path": "/x"}, {"path": "/"}),
        ("{sourceNamespace: istioinaction, uri: {prefix: /x}}", {"path": "/x"}, {"path": "/"}),
        ("{gateways: [mesh], uri: {prefix: /x}}", {"path": "/x"}, {"path": "/"}),
    ],
)
def test_conditions(match: str, hit: dict[str, object], miss: dict[str, object]) -> None:
    http = (
        f"[{{match: [{match}], route: [{{destination: {{host: multi}}}}]}}, {to('catalog')[1:-1]}]"
    )
    resources = translated(sidecar(app="web"), virtual_service("x", "[catalog]", http))
    assert call(resources, "catalog", **hit).clusters == (MULTI.replace("8080", "80"),)
    assert call(resources, "catalog", **miss).clusters == (CATALOG,)


@pytest.mark.parametrize(
    "match",
    ["{sourceLabels: {app: other}}", "{port: 81}", "{sourceNamespace: other}", "{gateways: [x]}"],
)
def test_entries_for_others_are_left_out(match: str) -> None:
    http = f"[{{match: [{match}], route: [{{destination: {{host: multi}}}}]}}]"
    resources = translated(sidecar(app="web"), virtual_service("x", "[catalog]", http))
    assert call(resources, "catalog").route == "default"


def test_entries_of_a_list_are_alternatives_and_nothing_follows_a_catch_all() -> None:
    http = """
  - name: first
    match: [{name: a, uri: {prefix: /a}}, {name: b, uri: {prefix: /b}}]
    route: [{destination: {host: multi}}]
  - name: all
    route: [{destination: {host: catalog}}]
  - match: [{uri: {prefix: /c}}]
    route: [{destination: {host: multi}}]"""
    resources = translated(sidecar(), virtual_service("x", "[catalog]", http))
    routes = resources.routes["http_proxy"].message
    (host,) = [h for h in routes.virtual_hosts if h.name.startswith("catalog.")]  # type: ignore[attr-defined]
    assert [route.name for route in host.routes] == ["first.a", "first.b", "all"]
    about = host.routes[0].metadata.filter_metadata["istio"]["config"]
    assert about.endswith("/v1alpha3/namespaces/istioinaction/virtual-service/x")


def test_destinations_are_expanded_by_the_configs_namespace_and_only_if_dot_free() -> None:
    far = virtual_service("x", "[catalog.istioinaction.svc.cluster.local]", to("api"), "other")
    assert call(translated(sidecar(), far), "catalog").clusters == (API,)
    dotted = virtual_service("x", "[catalog]", to("api.other"))
    assert call(translated(sidecar(), dotted), "catalog").shares[0].flag == "NC"


def test_ports_that_speak_tcp_follow_no_http_rule() -> None:
    resources = translated(sidecar(), virtual_service("x", "[db]", to("catalog")))
    assert call(resources, "db:3306").route == "default"


def test_two_sidecars_share_what_does_not_depend_on_them() -> None:
    store = shop()
    assert (
        translated(sidecar(app="a"), store=store).routes["http_proxy"].digest
        == translated(sidecar(app="b"), store=store).routes["http_proxy"].digest
    )
