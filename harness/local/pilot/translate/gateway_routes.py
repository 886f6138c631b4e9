"""The route configurations of a gateway proxy, one per listening port.

Source: istio/istio pilot/pkg/networking/core/gateway.go, buildGatewayHTTPRouteConfig.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from envoy.config.route.v3 import route_components_pb2, route_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import Gateway, Proxy, Server, VirtualService
from harness.local.pilot.names import gateway_routes, is_subset, overlap
from harness.local.pilot.translate.index import Index
from harness.local.pilot.translate.routes import Viewpoint, catch_alls_last, rule_routes

VirtualHost = route_components_pb2.VirtualHost


@dataclass(slots=True)
class ListeningPort:
    """A port the gateway listens on, and the servers, oldest Gateway first, that asked for it."""

    port: int
    servers: list[tuple[Gateway, Server]] = field(default_factory=list)


def listening_ports(index: Index, proxy: Proxy) -> list[ListeningPort]:
    """Servers of all Gateways that select the proxy, by the port that reaches them.

    A server's port is the one clients use: the proxy listens on the target port of a Service
    in its namespace that selects it and has that port, or else on the port itself.
    """
    found: dict[int, ListeningPort] = {}
    for gateway in index.snapshot.gateways:
        if is_subset(gateway.selector, proxy.labels):
            for server in gateway.servers:
                port = _target_port(index, proxy, server.port)
                found.setdefault(port, ListeningPort(port)).servers.append((gateway, server))
    return [found[port] for port in sorted(found)]


def _target_port(index: Index, proxy: Proxy, port: int) -> int:
    for service in index.snapshot.services:
        if service.origin.namespace == proxy.namespace and service.selects(proxy.labels):
            found = service.port(port)
            if found is not None and found.target is not None:
                return found.target
    return port


def route_configuration(
    index: Index, proxy: Proxy, listening: ListeningPort
) -> route_pb2.RouteConfiguration:
    """Virtual hosts of one listening port; ``blackhole:PORT`` (404) if there are none."""
    routes: dict[str, list[route_components_pb2.Route]] = {}
    ports: dict[str, int] = {}
    added: set[tuple[str, str, str]] = set()
    for gateway, server in listening.servers:
        viewpoint = Viewpoint(
            frozenset({gateway.key}),
            server.port,
            proxy.namespace,
            proxy.labels,
            index.services.get,
        )
        for virtual_service in index.snapshot.virtual_services:
            if gateway.key not in virtual_service.gateways:
                continue
            own = rule_routes(virtual_service, viewpoint)
            origin = virtual_service.origin
            for host in _shared_hosts(server, virtual_service):
                if own and (host, origin.namespace, origin.name) not in added:
                    added.add((host, origin.namespace, origin.name))
                    routes.setdefault(host, []).extend(own)
                    ports.setdefault(host, server.port)
    hosts = [
        VirtualHost(
            name=f"{host}:{ports[host]}",
            domains=[host],
            routes=catch_alls_last(routes[host]),
            include_request_attempt_count=True,
        )
        for host in routes
    ]
    if not hosts:
        hosts = [VirtualHost(name=f"blackhole:{listening.servers[0][1].port}", domains=["*"])]
    return route_pb2.RouteConfiguration(
        name=gateway_routes(listening.port),
        virtual_hosts=sorted(hosts, key=lambda host: host.name),
        validate_clusters=wrappers_pb2.BoolValue(value=False),
        ignore_port_in_host_matching=True,
    )


def _shared_hosts(server: Server, virtual_service: VirtualService) -> list[str]:
    """Hosts of both, lower-cased, the more specific of each pair."""
    namespace = virtual_service.origin.namespace
    shared = (
        overlap(server_host, host.lower())
        for where, server_host in server.hosts
        if where in ("*", namespace)
        for host in virtual_service.hosts
    )
    return list(dict.fromkeys(host for host in shared if host is not None))
