"""Clusters and endpoints: names, kinds, members, load balancing, whose rule counts."""

from __future__ import annotations

from typing import Any

import chapter_yaml as chapter
import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from pilot_objects import apply
from pilot_world import AROUND, GATEWAY, shop, sidecar, take, translated

from harness.local.pilot.model import Surroundings
from harness.local.pilot.translate import Resources, Translation

HOST = "catalog.istioinaction.svc.cluster.local"
PLAIN = f"outbound|80||{HOST}"
V1 = f"outbound|80|version-v1|{HOST}"
V2 = f"outbound|80|version-v2|{HOST}"
USERS = "outbound|80||jsonplaceholder.typicode.com"


def message(resources: Resources, name: str) -> Any:
    return resources.clusters[name].message


def members(resources: Resources, name: str) -> list[tuple[str, int]]:
    source: Any = (
        resources.endpoints[name].message
        if name in resources.endpoints
        else message(resources, name).load_assignment
    )
    return [
        (m.endpoint.address.socket_address.address, m.endpoint.address.socket_address.port_value)
        for locality in source.endpoints
        for m in locality.lb_endpoints
    ]


def rule(name: str, namespace: str, host: str, subset: str, policy: str = "{}") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  host: {host}
  trafficPolicy: {policy}
  subsets: [{{name: {subset}, labels: {{version: v1}}}}]
"""


def subsets(resources: Resources) -> set[str]:
    return {name.split("|")[2] for name in resources.clusters if name.endswith(HOST)} - {""}


def test_subsets_are_the_pods_with_the_labels() -> None:
    resources = translated(sidecar(), chapter.DESTINATION_RULE)
    assert members(resources, PLAIN) == [("127.9.1.1", 3000), ("127.9.1.2", 3000)]
    assert members(resources, V1) == [("127.9.1.1", 3000)]
    assert members(resources, V2) == [("127.9.1.2", 3000)]
    assert members(resources, "outbound|81||admin.istioinaction.svc.cluster.local") == []


def test_a_cluster_has_istio_s_defaults() -> None:
    cluster = message(translated(sidecar(), chapter.DESTINATION_RULE), V1)
    assert cluster.type == Cluster.EDS
    assert cluster.eds_cluster_config.service_name == V1
    assert cluster.lb_policy == Cluster.LEAST_REQUEST
    assert cluster.connect_timeout.seconds == 10
    (limits,) = cluster.circuit_breakers.thresholds
    assert limits.max_connections.value == limits.max_retries.value == 2**32 - 1
    about = cluster.metadata.filter_metadata["istio"]
    assert about["config"].endswith("/namespaces/istioinaction/destination-rule/catalog")
    assert about["services"][0]["host"] == HOST


def test_sidecars_and_gateways_have_what_istio_gives_them() -> None:
    resources = translated(sidecar())
    assert {"BlackHoleCluster", "PassthroughCluster", "inbound|8080||"} < set(resources.clusters)
    (member,) = message(resources, "inbound|8080||").load_assignment.endpoints[0].lb_endpoints
    assert member.endpoint.address.pipe.path == "/run/web.sock"
    assert members(resources, "PassthroughCluster") == [AROUND.stand_in]
    gateway = translated(GATEWAY)
    assert "BlackHoleCluster" in gateway.clusters
    assert "PassthroughCluster" not in gateway.clusters
    assert PLAIN in gateway.clusters


@pytest.mark.parametrize(
    ("simple", "policy"),
    [
        ("ROUND_ROBIN", Cluster.ROUND_ROBIN),
        ("RANDOM", Cluster.RANDOM),
        ("LEAST_REQUEST", Cluster.LEAST_REQUEST),
        ("LEAST_CONN", Cluster.LEAST_REQUEST),
        ("UNSPECIFIED", Cluster.LEAST_REQUEST),
    ],
)
def test_load_balancers(simple: str, policy: int) -> None:
    text = rule("a", "istioinaction", "catalog", "s", f"{{loadBalancer: {{simple: {simple}}}}}")
    resources = translated(sidecar(), text)
    assert message(resources, PLAIN).lb_policy == policy
    assert message(resources, f"outbound|80|s|{HOST}").lb_policy == policy


def test_a_subset_may_have_its_own_load_balancer() -> None:
    text = chapter.DESTINATION_RULE.rstrip()
    text += "\n    trafficPolicy: {loadBalancer: {simple: RANDOM}}\n"
    resources = translated(sidecar(), text)
    assert message(resources, V2).lb_policy == Cluster.RANDOM
    assert message(resources, V1).lb_policy == Cluster.LEAST_REQUEST


def test_rules_of_one_host_and_namespace_are_joined_and_the_oldest_policy_counts() -> None:
    first = rule("z", "istioinaction", "catalog", "one", "{loadBalancer: {simple: RANDOM}}")
    second = rule("a", "istioinaction", HOST, "two", "{loadBalancer: {simple: ROUND_ROBIN}}")
    resources = translated(sidecar(), first, second)
    assert subsets(resources) == {"one", "two"}
    assert message(resources, PLAIN).lb_policy == Cluster.RANDOM


def test_the_callers_rule_hides_the_services_and_that_the_roots() -> None:
    mine = rule("a", "other", HOST, "callers")
    services = rule("a", "istioinaction", HOST, "services")
    roots = rule("a", "istio-system", HOST, "roots")
    assert subsets(translated(sidecar("other"), roots, services, mine)) == {"callers"}
    assert subsets(translated(sidecar("other"), roots, services)) == {"services"}
    assert subsets(translated(sidecar("other"), roots)) == {"roots"}
    assert subsets(translated(sidecar(), roots, mine)) == {"roots"}
    assert subsets(translated(GATEWAY, roots, services)) == {"services"}


def test_a_wildcard_rule_counts_for_hosts_without_their_own() -> None:
    wide = rule("wide", "istioinaction", "'*.istioinaction.svc.cluster.local'", "wide")
    own = rule("own", "istioinaction", "catalog", "own")
    resources = translated(sidecar(), wide, own)
    assert subsets(resources) == {"own"}
    assert "outbound|81|wide|admin.istioinaction.svc.cluster.local" in resources.clusters
    assert "outbound|80|wide|api.other.svc.cluster.local" not in resources.clusters


def test_a_service_entry_by_dns_is_the_host_itself_or_the_stand_in() -> None:
    store = shop()
    apply(store, chapter.SERVICE_ENTRY)
    hermetic = translated(sidecar(), store=store)
    cluster = message(hermetic, USERS)
    assert cluster.type == Cluster.STRICT_DNS
    assert (cluster.dns_refresh_rate.seconds, cluster.respect_dns_ttl) == (60, True)
    assert members(hermetic, USERS) == [AROUND.stand_in]
    live = Translation(take(store), Surroundings(AROUND.ingress), "istio-system")
    resources = live.resources(sidecar())
    assert members(resources, USERS) == [("jsonplaceholder.typicode.com", 80)]
    assert message(resources, "PassthroughCluster").cluster_type.name == (
        "envoy.clusters.dynamic_forward_proxy"
    )


def test_a_service_entry_of_addresses_is_served_by_eds_with_subsets() -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: vm}
spec:
  hosts: [vm.example.com]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}]
  endpoints:
  - {address: 127.9.3.1, labels: {version: v1}}
  - {address: 127.9.3.2, ports: {http: 9000}}
"""
    resources = translated(sidecar(), text, rule("r", "istioinaction", "vm.example.com", "one"))
    name = "outbound|80||vm.example.com"
    assert message(resources, name).type == Cluster.EDS
    assert members(resources, name) == [("127.9.3.1", 8000), ("127.9.3.2", 9000)]
    assert members(resources, "outbound|80|one|vm.example.com") == [("127.9.3.1", 8000)]


def test_entries_of_one_host_add_ports_and_never_hide_a_service() -> None:
    more = chapter.SERVICE_ENTRY.replace("name: jsonplaceholder", "name: more")
    more = more.replace("number: 80, name: http", "number: 8080, name: alt")
    shadow = chapter.SERVICE_ENTRY.replace("jsonplaceholder.typicode.com", HOST)
    shadow = shadow.replace("name: jsonplaceholder", "name: shadow")
    resources = translated(sidecar(), chapter.SERVICE_ENTRY, more, shadow)
    assert {USERS, USERS.replace("|80|", "|8080|")} < set(resources.clusters)
    assert message(resources, PLAIN).type == Cluster.EDS
