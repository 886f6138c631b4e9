"""What must hold for any admitted objects: they translate, to configuration Envoy accepts."""

from __future__ import annotations

import asyncio
from typing import Any

import chapter_yaml as chapter
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pilot_mesh import mesh
from pilot_objects import NAMESPACE, apply
from pilot_world import AROUND, GATEWAY, sidecar, take, translated

from harness.local.contracts import ProxyState
from harness.local.pilot.admission import admit
from harness.local.pilot.model import Proxy, Snapshot
from harness.local.pilot.simulate import Call, simulate
from harness.local.pilot.translate import Translation
from harness.local.store import kinds

HOSTS = st.sampled_from(
    [
        "catalog", "Catalog.istioinaction", "catalog.istioinaction.svc.cluster.local", "multi",
        "api.other.svc.cluster.local", "*.svc.cluster.local", "*.other.svc.cluster.local",
        "example.com", "Example.com", "*.example.com", "10.96.7.1", "db", "admin",
    ]
)  # fmt: skip
STRINGS = st.sampled_from(
    [{"exact": "a"}, {"prefix": "/a"}, {"regex": "[a-c]+"}, {"regex": "*"}, {}]
)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "uri": STRINGS,
        "ignoreUriCase": st.booleans(),
        "headers": st.dictionaries(st.sampled_from(["x-a", "X-A", "b"]), STRINGS, max_size=2),
        "withoutHeaders": st.dictionaries(st.sampled_from(["x-a", "c"]), STRINGS, max_size=2),
        "method": STRINGS,
        "queryParams": st.dictionaries(st.sampled_from(["q", "r"]), STRINGS, max_size=2),
        "port": st.sampled_from([80, 81, 8080]),
        "sourceLabels": st.just({"app": "web"}),
    },
)
DESTINATIONS = st.fixed_dictionaries(
    {"host": st.sampled_from(["catalog", "multi", "nowhere", "api.other.svc.cluster.local"])},
    optional={"subset": st.sampled_from(["version-v1", "none"])},
)
RULES = st.fixed_dictionaries(
    {
        "route": st.lists(
            st.fixed_dictionaries({"destination": DESTINATIONS, "weight": st.integers(1, 100)}),
            min_size=1,
            max_size=3,
        )
    },
    optional={"match": st.lists(MATCHES, min_size=1, max_size=3), "mirror": DESTINATIONS},
)
SPECS = st.fixed_dictionaries(
    {
        "hosts": st.lists(HOSTS, min_size=1, max_size=3, unique_by=str.lower),
        "gateways": st.sampled_from([["mesh"], ["catalog-gateway"], ["mesh", "catalog-gateway"]]),
        "http": st.lists(RULES, min_size=1, max_size=3),
    }
)


def _texts(specs: list[dict[str, Any]]) -> list[str]:
    return [
        yaml.safe_dump(
            {
                "apiVersion": "networking.istio.io/v1",
                "kind": "VirtualService",
                "metadata": {"name": f"vs{number}", "namespace": NAMESPACE},
                "spec": spec,
            }
        )
        for number, spec in enumerate(specs)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SPECS, min_size=1, max_size=4))
def test_whatever_is_admitted_translates_without_a_duplicate_domain(
    specs: list[dict[str, Any]],
) -> None:
    texts = _texts(specs)
    for text in texts:
        assert not admit(kinds.VIRTUAL_SERVICES, yaml.safe_load(text), Snapshot()).problems
    wide = chapter.GATEWAY.replace("catalog.istioinaction.io", "'*'")
    for proxy in (sidecar(app="web"), GATEWAY):
        for routes in translated(proxy, wide, *texts).routes.values():
            hosts = routes.message.virtual_hosts  # type: ignore[attr-defined]
            domains = [domain.lower() for host in hosts for domain in host.domains]
            assert len(domains) == len(set(domains))
            assert all(host.routes or host.name.startswith("blackhole") for host in hosts)


RULES_OF_MANY_KINDS = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog}
spec:
  hosts: [catalog, '*.example.com', deep.example.com]
  http:
  - match: [{uri: {exact: /exact}}, {uri: {prefix: /PRE}, ignoreUriCase: true}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{uri: {regex: '/items/[0-9]+'}, method: {exact: GET}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{headers: {x-a: {exact: b}, x-c: {}}}, {headers: {x-d: {regex: 'e|f'}}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{withoutHeaders: {x-keep: {prefix: y}}, uri: {prefix: /without}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{withoutHeaders: {x-any: {}}, uri: {prefix: /absent}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{queryParams: {q: {exact: '1'}}}, {queryParams: {p: {}}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{authority: {prefix: deep}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - match: [{sourceLabels: {app: webapp}, uri: {prefix: /mine}}, {sourceLabels: {app: x}}]
    route: [{destination: {host: catalog, subset: version-v2}}]
  - route: [{destination: {host: catalog, subset: version-v1}}]
"""
CALLS = [
    Call(host, path, headers)
    for host in ("catalog", "deep.example.com", "a.b.example.com", "example.com")
    for path in (
        "/", "/exact", "/exact/", "/exact?x", "/prefix", "/Pre", "/items/12", "/items/x",
        "/without", "/absent", "/?q=1", "/?q=2", "/?p", "/mine", "/a?x=1&q=1",
    )
    for headers in ({}, {"X-A": "b"}, {"x-a": "b", "x-c": ""}, {"x-d": "f"}, {"x-d": "ef"},
                    {"x-keep": "yes"}, {"x-keep": "no", "x-any": "1"})
]  # fmt: skip


def test_the_simulator_and_envoy_agree_on_every_kind_of_condition() -> None:
    async def compare() -> None:
        async with mesh() as world:
            await world.add_catalog()
            webapp = await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.apply(chapter.mesh_config("REGISTRY_ONLY"))
            await world.apply(chapter.DESTINATION_RULE + "---" + RULES_OF_MANY_KINDS)
            proxy = Proxy(webapp.ip, "webapp", NAMESPACE, False, webapp.labels, webapp.inbound)
            translation = Translation(take(world.store), AROUND, "istio-system")
            resources = translation.resources(proxy)
            answers = set()
            for call in CALLS:
                expected = simulate(resources, f"{webapp.ip}_15001", call)
                subset = expected.clusters[0].split("|")[2][-2:] if expected.clusters else ""
                answer = await world.call("webapp", f"http://{call.host}{call.path}", call.headers)
                assert (answer.status, answer.body) == (expected.status or 200, subset), call
                answers.add((answer.status, answer.body))
            assert answers == {(200, "v1"), (200, "v2"), (502, "")}

    asyncio.run(compare())


@pytest.mark.parametrize("changes", [12])
def test_six_proxies_take_a_series_of_changes_and_end_with_the_last(changes: int) -> None:
    async def push() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.add_catalog()
            for name in ("webapp", "forum", "more"):
                await world.sidecar(name, {"app": name}, 8080)
            await world.apply(chapter.DESTINATION_RULE)
            for number in range(changes):
                apply(world.store, chapter.mesh_weights(50 + number, 50 - number))
            await world.converged()
            assert all(world.state(name) is ProxyState.SYNCED for name in world.proxies)
            dump = await world.config_dump("webapp")
            assert f'"weight":{50 + changes - 1}' in dump.replace(" ", "")
            assert '"weight":50' not in dump.replace(" ", "")

    asyncio.run(push())
