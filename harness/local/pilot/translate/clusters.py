"""Clusters: every service port, its subsets, the application behind a sidecar, the outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import (
    cluster_pb2 as forward_proxy_cluster_pb2,
)
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import (
    DestinationRule,
    Endpoint,
    LoadBalancer,
    Proxy,
    Resolution,
    Service,
    ServicePort,
    Subset,
    Surroundings,
)
from harness.local.pilot.names import (
    BLACK_HOLE,
    PASSTHROUGH,
    inbound,
    is_subset,
    outbound,
)
from harness.local.pilot.translate.endpoints import load_assignment, socket_assignment
from harness.local.pilot.translate.index import Index
from harness.local.pilot.translate.proto import ads, is_ip, istio_config, pack, seconds

Cluster = cluster_pb2.Cluster
CONNECT_TIMEOUT: Final = seconds(10)
DNS_REFRESH: Final = seconds(60)
UNLIMITED: Final = 2**32 - 1
APPLICATION_IDLE: Final = seconds(1)
"""Envoy must be the first to close an idle connection to the application: web servers do so
after a few seconds (gunicorn: 2), and a request that crosses such a close is lost."""

_POLICIES: Final = {
    LoadBalancer.LEAST_REQUEST: Cluster.LEAST_REQUEST,
    LoadBalancer.ROUND_ROBIN: Cluster.ROUND_ROBIN,
    LoadBalancer.RANDOM: Cluster.RANDOM,
}
_WHOLE: Final = Subset("")


def outbound_clusters(
    index: Index, namespace: str, around: Surroundings
) -> tuple[list[cluster_pb2.Cluster], list[endpoint_pb2.ClusterLoadAssignment]]:
    """All clusters a caller of that namespace may be routed to, and the EDS ones' endpoints."""
    clusters = []
    assignments = []
    for service in index.snapshot.services:
        rule = index.destination_rule(service, namespace)
        for port in service.ports:
            for subset in (_WHOLE, *(rule.subsets if rule else ())):
                name = outbound(service.host, port.number, subset.name)
                cluster = _base(name, rule, subset)
                members = [e for e in port.endpoints if is_subset(subset.labels, e.labels)]
                if service.resolution is Resolution.DNS:
                    _resolve_by_dns(cluster, _outside(members, around))
                else:
                    cluster.type = Cluster.EDS
                    cluster.eds_cluster_config.CopyFrom(
                        Cluster.EdsClusterConfig(eds_config=ads(), service_name=name)
                    )
                    assignments.append(load_assignment(name, members))
                _describe(cluster, service, port)
                clusters.append(cluster)
    return clusters, assignments


def inbound_clusters(proxy: Proxy) -> list[cluster_pb2.Cluster]:
    """One per container port, ending in the application's socket."""
    clusters = []
    for port, path in sorted(proxy.inbound.items()):
        name = inbound(port)
        cluster = _base(name, None, _WHOLE)
        cluster.type = Cluster.STATIC
        cluster.lb_policy = Cluster.ROUND_ROBIN
        cluster.load_assignment.CopyFrom(socket_assignment(name, path))
        options = http_protocol_options_pb2.HttpProtocolOptions(
            common_http_protocol_options=protocol_pb2.HttpProtocolOptions(
                idle_timeout=APPLICATION_IDLE
            ),
            explicit_http_config=http_protocol_options_pb2.HttpProtocolOptions.ExplicitHttpConfig(
                http_protocol_options=protocol_pb2.Http1ProtocolOptions()
            ),
        )
        cluster.typed_extension_protocol_options[
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        ].CopyFrom(pack(options))
        clusters.append(cluster)
    return clusters


def black_hole() -> cluster_pb2.Cluster:
    """A cluster without endpoints, as Istio gives every proxy."""
    return Cluster(name=BLACK_HOLE, type=Cluster.STATIC, connect_timeout=CONNECT_TIMEOUT)


def passthrough(around: Surroundings) -> cluster_pb2.Cluster:
    """Traffic to hosts nobody knows: to the stand-in, or by the request's own host name.

    Istio's is ORIGINAL_DST, which behind an explicit proxy has no destination to restore.
    """
    cluster = _base(PASSTHROUGH, None, _WHOLE)
    if around.stand_in is not None:
        cluster.type = Cluster.STATIC
        cluster.load_assignment.CopyFrom(load_assignment(PASSTHROUGH, [Endpoint(*around.stand_in)]))
        return cluster
    cluster.lb_policy = Cluster.CLUSTER_PROVIDED
    cluster.cluster_type.name = "envoy.clusters.dynamic_forward_proxy"
    cluster.cluster_type.typed_config.CopyFrom(
        pack(forward_proxy_cluster_pb2.ClusterConfig(dns_cache_config=dns_cache()))
    )
    return cluster


def dns_cache() -> dns_cache_pb2.DnsCacheConfig:
    """The names looked up for unknown hosts; filter and cluster must name the same cache."""
    return dns_cache_pb2.DnsCacheConfig(
        name="outside", dns_lookup_family=Cluster.V4_PREFERRED, dns_refresh_rate=DNS_REFRESH
    )


def _base(name: str, rule: DestinationRule | None, subset: Subset) -> cluster_pb2.Cluster:
    unlimited = wrappers_pb2.UInt32Value(value=UNLIMITED)
    policy = subset.load_balancer or (rule.load_balancer if rule else None)
    cluster = Cluster(
        name=name,
        connect_timeout=CONNECT_TIMEOUT,
        lb_policy=_POLICIES[policy or LoadBalancer.LEAST_REQUEST],
        circuit_breakers=circuit_breaker_pb2.CircuitBreakers(
            thresholds=[
                circuit_breaker_pb2.CircuitBreakers.Thresholds(
                    max_connections=unlimited,
                    max_pending_requests=unlimited,
                    max_requests=unlimited,
                    max_retries=unlimited,
                    track_remaining=True,
                )
            ]
        ),
    )
    if rule is not None:
        cluster.metadata.CopyFrom(
            istio_config("destination-rule", rule.origin.namespace, rule.origin.name)
        )
    return cluster


def _describe(cluster: cluster_pb2.Cluster, service: Service, port: ServicePort) -> None:
    """Istio's metadata of a cluster: the service, and the port it was declared on.

    Where no destination rule is named, a ServiceEntry is, so that a rejection can name it.
    """
    if not (cluster.HasField("metadata") or service.in_cluster):
        origin = service.origin
        cluster.metadata.CopyFrom(istio_config("service-entry", origin.namespace, origin.name))
    about = cluster.metadata.filter_metadata["istio"]
    about.update(
        {
            "default_original_port": port.number,
            "services": [
                {
                    "host": service.host,
                    "name": service.origin.name if service.in_cluster else service.host,
                    "namespace": service.origin.namespace,
                }
            ],
        }
    )


def _resolve_by_dns(cluster: cluster_pb2.Cluster, endpoints: Iterable[Endpoint]) -> None:
    cluster.type = Cluster.STRICT_DNS
    cluster.dns_lookup_family = Cluster.V4_ONLY
    cluster.dns_refresh_rate.CopyFrom(DNS_REFRESH)
    cluster.respect_dns_ttl = True
    cluster.load_assignment.CopyFrom(load_assignment(cluster.name, endpoints))


def _outside(endpoints: Iterable[Endpoint], around: Surroundings) -> list[Endpoint]:
    """Names of the outside world lead to the stand-in, if there is one."""
    if around.stand_in is None:
        return list(endpoints)
    address, port = around.stand_in
    return [
        endpoint if is_ip(endpoint.address) else replace(endpoint, address=address, port=port)
        for endpoint in endpoints
    ]
