"""Listeners: a gateway's ports, a sidecar's way in, and its explicit proxy on the way out."""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import MeshConfig, Proxy, Surroundings
from harness.local.pilot.names import HTTP_PROXY_ROUTES, gateway_routes, inbound
from harness.local.pilot.translate.gateway_routes import ListeningPort
from harness.local.pilot.translate.http_manager import ConnectionManager, connection_manager
from harness.local.pilot.translate.proto import istio_config, socket_address
from harness.local.pilot.translate.routes import inbound_route

INGRESS_PORT = 80
"""The gateway's service port that is also reachable at the ingress address."""


def gateway_listener(
    mesh: MeshConfig,
    proxy: Proxy,
    listening: ListeningPort,
    ingress: tuple[str, int] | None,
) -> listener_pb2.Listener:
    """One port of a gateway; ``ingress`` is a second address for what clients call port 80."""
    manager = connection_manager(
        mesh,
        ConnectionManager(
            stat_prefix=f"outbound_{proxy.ip}_{listening.port}",
            routes=gateway_routes(listening.port),
            server_name="istio-envoy",
            at_edge=True,
        ),
    )
    listener = _listener(proxy.ip, listening.port, base_pb2.OUTBOUND, manager)
    if ingress is not None and any(s.port == INGRESS_PORT for _, s in listening.servers):
        listener.additional_addresses.append(
            listener_pb2.AdditionalAddress(address=socket_address(*ingress))
        )
    first = listening.servers[0][0].origin
    listener.metadata.CopyFrom(istio_config("gateway", first.namespace, first.name))
    return listener


def inbound_listener(mesh: MeshConfig, proxy: Proxy, port: int) -> listener_pb2.Listener:
    """The pod's own port, in front of the application."""
    cluster = inbound(port)
    routes = route_pb2.RouteConfiguration(
        name=cluster,
        virtual_hosts=[
            route_components_pb2.VirtualHost(
                name=f"inbound|http|{port}", domains=["*"], routes=[inbound_route(cluster)]
            )
        ],
        validate_clusters=wrappers_pb2.BoolValue(value=False),
    )
    manager = connection_manager(
        mesh,
        ConnectionManager(
            stat_prefix=f"inbound_{proxy.ip}_{port}", routes=routes, server_name="istio-envoy"
        ),
    )
    return _listener(proxy.ip, port, base_pb2.INBOUND, manager)


def outbound_listener(
    mesh: MeshConfig, proxy: Proxy, around: Surroundings
) -> listener_pb2.Listener:
    """The explicit HTTP proxy the application is told to use."""
    manager = connection_manager(
        mesh,
        ConnectionManager(
            stat_prefix=f"outbound_{proxy.ip}_{proxy.outbound_port}",
            routes=HTTP_PROXY_ROUTES,
            server_name="",
            resolves_hosts=around.stand_in is None,
        ),
    )
    return _listener(proxy.ip, proxy.outbound_port, base_pb2.OUTBOUND, manager)


def _listener(
    ip: str,
    port: int,
    direction: base_pb2.TrafficDirection,
    manager: listener_components_pb2.Filter,
) -> listener_pb2.Listener:
    return listener_pb2.Listener(
        name=f"{ip}_{port}",
        address=socket_address(ip, port),
        traffic_direction=direction,
        filter_chains=[listener_components_pb2.FilterChain(filters=[manager])],
    )
