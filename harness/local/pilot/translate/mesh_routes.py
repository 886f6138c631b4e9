"""The route configuration of a sidecar's explicit-proxy listener.

Every listener port that a real sidecar would have is computed as Istio computes it (services
without that port do not exist there), then all are put into one configuration in which only
port 80's hosts may be written without a port.
Source: istio/istio pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from envoy.config.route.v3 import route_components_pb2, route_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import MESH, OutboundMode, Proxy, Service, VirtualService
from harness.local.pilot.names import (
    HTTP_PROXY_ROUTES,
    covers,
    is_wildcard,
    most_specific,
)
from harness.local.pilot.translate.domains import Domains, at_port, full_names, short_names
from harness.local.pilot.translate.index import Index
from harness.local.pilot.translate.routes import (
    Viewpoint,
    blocked_route,
    default_route,
    passthrough_route,
    rule_routes,
)

VirtualHost = route_components_pb2.VirtualHost


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A virtual host to be; ``service`` None means a host that is no service."""

    host: str
    port: int
    routes: list[route_components_pb2.Route]
    service: Service | None = None


def route_configuration(index: Index, proxy: Proxy) -> route_pb2.RouteConfiguration:
    """What the sidecar answers to any absolute-form request."""
    ports = sorted({port.number for s in index.snapshot.services for port in s.ports} | {80})
    candidates = [candidate for port in ports for candidate in _port_candidates(index, proxy, port)]
    domains = Domains(
        frozenset(form for c in candidates if c.service for form in at_port([c.host], c.port))
    )
    seen: set[str] = set()
    hosts = []
    for candidate in candidates:
        name = f"{candidate.host}:{candidate.port}"
        if name in seen:
            continue
        seen.add(name)
        if granted := _claim(domains, candidate, proxy.namespace):
            hosts.append(
                VirtualHost(
                    name=name,
                    domains=granted,
                    routes=candidate.routes,
                    include_request_attempt_count=True,
                )
            )
    hosts.sort(key=lambda host: host.name)
    return route_pb2.RouteConfiguration(
        name=HTTP_PROXY_ROUTES,
        virtual_hosts=[*hosts, _catch_all(index)],
        validate_clusters=wrappers_pb2.BoolValue(value=False),
    )


def _claim(domains: Domains, candidate: _Candidate, namespace: str) -> list[str]:
    if candidate.service is None:
        return domains.claim(at_port([candidate.host], candidate.port))
    return domains.claim(
        at_port(full_names(candidate.service), candidate.port),
        at_port(short_names(candidate.service, namespace), candidate.port),
    )


def _port_candidates(index: Index, proxy: Proxy, port: int) -> list[_Candidate]:
    """Virtual hosts of one listener port, in the order in which they may claim domains."""
    registry = {
        service.host: replace(service, ports=(found,))
        for service in index.snapshot.services
        if (found := service.port(port)) is not None
    }
    routable = {host: s for host, s in registry.items() if s.ports[0].http}
    viewpoint = Viewpoint(frozenset({MESH}), port, proxy.namespace, proxy.labels, registry.get)
    candidates = []
    routed = set()
    for virtual_service in index.mesh_virtual_services:
        if port != 80 and not _selects(virtual_service, routable):
            continue
        routes = rule_routes(virtual_service, viewpoint)
        if not routes:
            continue
        others, services = _split_hosts(index, virtual_service, routable)
        candidates += [_Candidate(host, port, routes) for host in others]
        candidates += [_Candidate(s.host, port, routes, s) for s in services]
        routed |= {service.host for service in services}
    candidates += [
        _Candidate(host, port, [default_route(host, port)], service)
        for host, service in sorted(registry.items())
        if host not in routed
    ]
    return candidates


def _selects(virtual_service: VirtualService, services: dict[str, Service]) -> bool:
    """On ports other than 80 a VirtualService counts only if one of its hosts is a service."""
    return any(
        host in services
        or any(covers(host, name) if is_wildcard(host) else covers(name, host) for name in services)
        for host in virtual_service.hosts
    )


def _split_hosts(
    index: Index, virtual_service: VirtualService, services: dict[str, Service]
) -> tuple[list[str], list[Service]]:
    """Hosts that are no service, and the services it routes (wildcards: most specific wins)."""
    others: list[str] = []
    matched: list[Service] = []
    for host in sorted(virtual_service.hosts, key=is_wildcard):
        if not is_wildcard(host):
            if host in services:
                matched.append(services[host])
            else:
                others.append(host)
            continue
        covered = [name for name in sorted(services) if covers(host, name)]
        by_host = index.virtual_service_for_host
        for name in covered:
            best = most_specific(name, by_host)
            if best is not None and by_host[best] == virtual_service:
                matched.append(services[name])
        if not covered:
            others.append(host)
    return others, matched


def _catch_all(index: Index) -> route_components_pb2.VirtualHost:
    allowed = index.snapshot.mesh.outbound is OutboundMode.ALLOW_ANY
    return VirtualHost(
        name="allow_any" if allowed else "block_all",
        domains=["*"],
        routes=[passthrough_route() if allowed else blocked_route()],
        include_request_attempt_count=True,
    )
