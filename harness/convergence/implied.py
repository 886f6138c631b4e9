"""What the objects in the cluster imply for one proxy. Pure.

Names and rules: docs of Istio, and istio/istio pilot/pkg/networking/core (gateway.go, httproute.go,
cluster.go). Only HTTP is looked at. A mesh rule is proven for the services of the namespace that
the proxy is in, which is where a chapter's callers and services live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.convergence.facts import (
    CatchAll,
    Fact,
    GatewayHost,
    HasCluster,
    HasEndpoints,
    ListenerRoutes,
    MeshHost,
    NoOtherHosts,
    NoOtherSubsets,
)
from harness.convergence.hosts import intersection, matches
from harness.convergence.model import Proxy, Role, Route
from harness.convergence.registry import (
    HTTP_PROTOCOLS,
    ROOT_NAMESPACE,
    Registry,
    Rule,
    Service,
    expand,
)
from harness.convergence.routes import Place, bound_gateways, default_route, routes_of

MESH = frozenset(("mesh",))


def implied(registry: Registry, proxy: Proxy) -> tuple[Fact, ...]:
    """Every fact that must hold for the proxy, given what is in the cluster."""
    if proxy.role is Role.GATEWAY:
        facts = list(_gateway_facts(registry, proxy))
    else:
        facts = list(_sidecar_facts(registry, proxy))
    routes = [r for fact in facts if isinstance(fact, GatewayHost | MeshHost) for r in fact.routes]
    facts += _cluster_facts(registry, proxy, routes)
    return tuple(facts)


# --- gateways -------------------------------------------------------------------------------


def _gateway_facts(registry: Registry, proxy: Proxy) -> Iterator[Fact]:
    servers: dict[int, list[tuple[Rule, str, int]]] = {}
    for gateway in registry.gateways:
        if not (gateway.spec.get("selector") or {}).items() <= dict(proxy.labels).items():
            continue
        for server in gateway.spec.get("servers", ()):
            if server["port"]["protocol"].upper() not in HTTP_PROTOCOLS:
                continue
            number = server["port"]["number"]
            listening = _listening_port(registry, proxy, number)
            for host in server["hosts"]:
                servers.setdefault(listening, []).append((gateway, host, number))
    for listening in _gateway_ports(registry, proxy) | servers.keys():
        configuration = f"http.{listening}"
        hosts = _gateway_hosts(registry, proxy, servers.get(listening, ()))
        if listening in servers:
            yield ListenerRoutes(configuration)
        for host, routes in hosts.items():
            yield GatewayHost(configuration, host, routes)
        yield NoOtherHosts(configuration, frozenset(hosts))


def _gateway_hosts(
    registry: Registry, proxy: Proxy, servers: Iterable[tuple[Rule, str, int]]
) -> dict[str, tuple[Route, ...]]:
    """Routes by host: those of several VirtualServices appended, catch-alls moved to the end."""
    found: dict[str, list[Route]] = {}
    taken: set[tuple[str, str, str]] = set()
    for gateway, server_host, number in servers:
        name = f"{gateway.namespace}/{gateway.name}"
        for rule in registry.virtual_services:
            if name not in bound_gateways(rule):
                continue
            for host in rule.spec.get("hosts", ()):
                full = expand(host, rule.namespace)
                common = intersection(server_host, full, gateway.namespace, rule.namespace)
                if common and (common, rule.namespace, rule.name) not in taken:
                    taken.add((common, rule.namespace, rule.name))
                    place = Place(proxy, frozenset((name,)), number)
                    found.setdefault(common, []).extend(routes_of(rule, registry, place))
    return {
        host: tuple(sorted(routes, key=lambda route: route.is_catch_all))
        for host, routes in found.items()
        if routes
    }


def _gateway_services(registry: Registry, proxy: Proxy) -> Iterator[Service]:
    labels = dict(proxy.labels).items()
    for service in registry.services:
        is_local = service.namespace == proxy.namespace
        if is_local and service.selector and service.selector.items() <= labels:
            yield service


def _gateway_ports(registry: Registry, proxy: Proxy) -> set[int]:
    """The ports on which the gateway's Service lets HTTP in, whether a Gateway uses them or not."""
    return {
        _target(port.target, proxy, port.number)
        for service in _gateway_services(registry, proxy)
        for port in service.ports
        if port.is_http
    }


def _listening_port(registry: Registry, proxy: Proxy, number: int) -> int:
    """A server's port is the gateway Service's; the proxy listens on its target port."""
    for service in _gateway_services(registry, proxy):
        for port in service.ports:
            if port.number == number:
                return _target(port.target, proxy, number)
    return number


def _target(target: int | str, proxy: Proxy, otherwise: int) -> int:
    return target if isinstance(target, int) else proxy.named_ports.get(target, otherwise)


# --- sidecars -------------------------------------------------------------------------------


def _sidecar_facts(registry: Registry, proxy: Proxy) -> Iterator[Fact]:
    for service in registry.services:
        if service.namespace != proxy.namespace:
            continue
        rule = _mesh_rule(registry, service.host)
        for port in service.ports:
            if not port.is_http:
                continue
            place = Place(proxy, MESH, port.number)
            routed = routes_of(rule, registry, place) if rule else ()
            otherwise = (default_route(service.host, port.number, registry),)
            yield MeshHost(service.host, port.number, routed or otherwise)
    known = {service.host for service in registry.services}
    for rule in _mesh_rules(registry):
        known |= {expand(host, rule.namespace) for host in rule.spec.get("hosts", ())}
    yield NoOtherHosts("", frozenset(known))
    only = registry.outbound_policy == "REGISTRY_ONLY"
    yield CatchAll("block_all" if only else "allow_any")


def _mesh_rules(registry: Registry) -> Iterator[Rule]:
    return (rule for rule in registry.virtual_services if bound_gateways(rule) & MESH)


def _mesh_rule(registry: Registry, host: str) -> Rule | None:
    """The VirtualService in force for a host: the most specific host, then the oldest."""
    candidates = [
        (len(pattern) if pattern != host else 1_000, rule)
        for rule in _mesh_rules(registry)
        for pattern in (expand(name, rule.namespace) for name in rule.spec.get("hosts", ()))
        if matches(pattern, host)
    ]
    if not candidates:
        return None
    best = max(specific for specific, _ in candidates)
    return min((rule for specific, rule in candidates if specific == best), key=lambda r: r.age)


# --- clusters -------------------------------------------------------------------------------


def _cluster_facts(registry: Registry, proxy: Proxy, routes: list[Route]) -> Iterator[Fact]:
    """Of every cluster the routes send to: it exists, with the ready pods behind it."""
    names = {name for route in routes for name, _ in (*route.targets, *route.mirrors)}
    hosts: set[str] = set()
    for name in sorted(names):
        _, port, subset, host = name.split("|")
        service = registry.service(host)
        if service is None or int(port) not in [found.number for found in service.ports]:
            continue
        hosts.add(host)
        subsets = _subsets(registry, proxy, service)
        if subset and subset not in subsets:
            continue
        yield HasCluster(name)
        if not service.is_external:
            labels = subsets.get(subset, {})
            yield HasEndpoints(name, _addresses(registry, service, int(port), labels))
    for service in registry.services:
        if service.host in hosts or service.namespace == proxy.namespace:
            subsets = _subsets(registry, proxy, service)
            yield NoOtherSubsets(service.host, frozenset(subsets))


def _subsets(registry: Registry, proxy: Proxy, service: Service) -> dict[str, dict[str, str]]:
    """Labels by subset: of the caller's namespace's rules, or the service's, or the root's."""
    for namespace in (proxy.namespace, service.namespace, ROOT_NAMESPACE):
        rules = [
            rule
            for rule in registry.destination_rules
            if rule.namespace == namespace
            and matches(expand(rule.spec.get("host", ""), rule.namespace), service.host)
        ]
        if rules:
            return {
                subset["name"]: dict(subset.get("labels") or {})
                for rule in reversed(rules)
                for subset in rule.spec.get("subsets", ())
            }
    return {}


def _addresses(
    registry: Registry, service: Service, port: int, labels: dict[str, str]
) -> frozenset[str]:
    names = {found.name for found in service.ports if found.number == port}
    return frozenset(
        endpoint.address
        for endpoint in registry.endpoints
        if endpoint.host == service.host
        and endpoint.port_name in names
        and labels.items() <= dict(endpoint.labels).items()
    )
