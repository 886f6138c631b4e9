"""Where a gateway sends calls, and on which ports it listens."""

from __future__ import annotations

import chapter_yaml as chapter
from pilot_objects import apply
from pilot_world import AROUND, GATEWAY, GATEWAY_IP, ask, shop, translated

from harness.local.pilot.model import Proxy

CATALOG = "outbound|80||catalog.istioinaction.svc.cluster.local"
V1 = "outbound|80|version-v1|catalog.istioinaction.svc.cluster.local"
V2 = "outbound|80|version-v2|catalog.istioinaction.svc.cluster.local"
API = "outbound|80||api.other.svc.cluster.local"
HOST = "catalog.istioinaction.io"


def gateway(name: str, hosts: str, port: int = 80, namespace: str = "istioinaction") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{istio: ingressgateway}}
  servers: [{{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: {hosts}}}]
"""


def bound(name: str, to: str, hosts: str, host: str, namespace: str = "istioinaction") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: {hosts}
  gateways: [{to}]
  http: [{{route: [{{destination: {{host: {host}}}}}]}}]
"""


def test_the_lessons_routes() -> None:
    plain = ask(translated(GATEWAY, chapter.GATEWAY, chapter.VS), HOST)
    assert (plain.routes, plain.virtual_host, plain.clusters) == (
        "http.8080",
        f"{HOST}:80",
        (CATALOG,),
    )
    resources = translated(
        GATEWAY, chapter.GATEWAY, chapter.DESTINATION_RULE, chapter.VS_V2_REQUEST
    )
    for host in (HOST, HOST.upper(), f"{HOST}:31234"):
        assert ask(resources, host).clusters == (V1,)
        assert ask(resources, host, headers={"x-istio-cohort": "internal"}).clusters == (V2,)
    assert ask(resources, "webapp.istioinaction.io").flag == "NR"


def test_a_gateway_listens_where_its_service_leads_and_at_the_ingress() -> None:
    resources = translated(GATEWAY, chapter.GATEWAY, gateway("more", "['*']", 9000))
    assert set(resources.listeners) == {f"{GATEWAY_IP}_8080", f"{GATEWAY_IP}_9000"}
    first, second = (resources.listeners[name].message for name in sorted(resources.listeners))
    (extra,) = first.additional_addresses  # type: ignore[attr-defined]
    address = extra.address.socket_address
    assert (address.address, address.port_value) == AROUND.ingress
    assert not second.additional_addresses  # type: ignore[attr-defined]


def test_only_the_installed_gateway_has_the_ingress_address() -> None:
    mine = Proxy(GATEWAY_IP, "mine", "istioinaction", True, {"istio": "ingressgateway"})
    (listener,) = translated(mine, chapter.GATEWAY).listeners.values()
    assert listener.name == f"{GATEWAY_IP}_80", "no Service of its own leads to another port"
    assert not listener.message.additional_addresses  # type: ignore[attr-defined]


def test_without_a_gateway_nothing_is_listened_on() -> None:
    assert not translated(GATEWAY, chapter.VS).listeners
    other = chapter.GATEWAY.replace("ingressgateway", "egressgateway")
    assert not translated(GATEWAY, other, chapter.VS).listeners


def test_without_a_virtual_host_everything_is_404() -> None:
    outcome = ask(translated(GATEWAY, chapter.GATEWAY, chapter.MESH_V1), "catalog")
    assert (outcome.virtual_host, outcome.status) == ("blackhole:80", 404)


def test_the_more_specific_of_server_and_virtual_service_host_counts() -> None:
    wide = gateway("wide", "['*.example.com', other.org]")
    narrow = bound("a", "wide", "[Shop.example.com, other.org, evil.com]", "catalog")
    resources = translated(GATEWAY, wide, narrow)
    assert ask(resources, "shop.example.com").clusters == (CATALOG,)
    assert ask(resources, "other.org").clusters == (CATALOG,)
    assert ask(resources, "evil.com").status == 404
    assert ask(resources, "x.example.com").status == 404
    both = translated(GATEWAY, gateway("g", "[a.example.com]"), bound("a", "g", "['*']", "catalog"))
    assert ask(both, "a.example.com").clusters == (CATALOG,)
    assert ask(both, "b.example.com").status == 404


def test_server_hosts_may_name_a_namespace() -> None:
    mine = gateway("g", "['./a.com', 'other/b.com', '*/c.com']")
    from_here = bound("a", "istioinaction/g", "['*']", "catalog")
    from_there = bound("b", "istioinaction/g", "[a.com, b.com, c.com]", "api", "other")
    resources = translated(GATEWAY, mine, from_here, from_there)
    assert ask(resources, "a.com").clusters == (CATALOG,)
    assert ask(resources, "b.com").clusters == (API,)
    assert ask(resources, "c.com").clusters == (CATALOG,), "the older one's catch-all is first"


def test_a_gateway_is_named_from_the_virtual_services_namespace() -> None:
    far = bound("b", "catalog-gateway", f"[{HOST}]", "api", "other")
    assert ask(translated(GATEWAY, chapter.GATEWAY, far), HOST).status == 404
    named = bound("b", "istioinaction/catalog-gateway", f"[{HOST}]", "api", "other")
    assert ask(translated(GATEWAY, chapter.GATEWAY, named), HOST).clusters == (API,)


def test_virtual_services_of_one_host_are_merged_oldest_first_catch_alls_last() -> None:
    by_path = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: aa}
spec:
  hosts: [catalog.istioinaction.io]
  gateways: [catalog-gateway]
  http:
  - match: [{uri: {prefix: /api}}]
    route: [{destination: {host: api.other.svc.cluster.local}}]
"""
    resources = translated(GATEWAY, chapter.GATEWAY, chapter.VS, by_path)
    assert ask(resources, HOST, "/api/x").clusters == (API,)
    assert ask(resources, HOST, "/items").clusters == (CATALOG,)
    same_path = by_path.replace("{name: aa}", "{name: zz}").replace("api.other.svc.", "catalog.x.")
    younger = translated(GATEWAY, chapter.GATEWAY, chapter.VS, by_path, same_path)
    assert ask(younger, HOST, "/api/x").clusters == (API,)


def test_two_gateways_on_one_port_share_its_routes() -> None:
    second = gateway("second", "[other.io]")
    resources = translated(
        GATEWAY, chapter.GATEWAY, second, chapter.VS, bound("b", "second", "[other.io]", "multi")
    )
    assert list(resources.routes) == ["http.8080"]
    assert ask(resources, HOST).clusters == (CATALOG,)
    (share,) = ask(resources, "other.io").shares
    assert share.cluster == "outbound|80||multi.istioinaction.svc.cluster.local"


def test_a_destination_without_a_port_takes_the_only_one_else_the_servers() -> None:
    only = bound("a", "catalog-gateway", f"[{HOST}]", "admin")
    assert ask(translated(GATEWAY, chapter.GATEWAY, only), HOST).clusters == (
        "outbound|81||admin.istioinaction.svc.cluster.local",
    )
    several = bound("a", "catalog-gateway", f"[{HOST}]", "multi")
    assert ask(translated(GATEWAY, chapter.GATEWAY, several), HOST).clusters == (
        "outbound|80||multi.istioinaction.svc.cluster.local",
    )


def test_matches_may_be_for_one_gateway_or_the_mesh() -> None:
    both = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: x}
spec:
  hosts: [catalog.istioinaction.io]
  gateways: [catalog-gateway, mesh]
  http:
  - match: [{gateways: [mesh], sourceLabels: {istio: ingressgateway}}]
    route: [{destination: {host: api.other.svc.cluster.local}}]
  - match: [{gateways: [catalog-gateway]}]
    route: [{destination: {host: catalog}}]
"""
    assert ask(translated(GATEWAY, chapter.GATEWAY, both), HOST).clusters == (CATALOG,)


def test_the_same_objects_give_the_same_bytes() -> None:
    texts = (chapter.GATEWAY, chapter.VS, chapter.DESTINATION_RULE, chapter.MESH_V1)
    one, other = translated(GATEWAY, *texts), translated(GATEWAY, *texts)
    for kind in ("clusters", "endpoints", "listeners", "routes"):
        first, second = getattr(one, kind), getattr(other, kind)
        assert {n: r.digest for n, r in first.items()} == {n: r.digest for n, r in second.items()}


def test_a_gateway_without_a_selector_selects_every_gateway_proxy() -> None:
    store = shop()
    apply(store, chapter.GATEWAY.replace("selector: {istio: ingressgateway}", "selector: {}"))
    assert ask(translated(GATEWAY, chapter.VS, store=store), HOST).clusters == (CATALOG,)
