"""One snapshot's translation for any proxy. What proxies have in common is translated once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.local.pilot.model import Proxy, Snapshot, Surroundings
from harness.local.pilot.translate import clusters, listeners, mesh_routes
from harness.local.pilot.translate import gateway_routes as gateway
from harness.local.pilot.translate.index import Index
from harness.local.pilot.translate.resources import Resource, Resources, by_name

INGRESS_SERVICE: Final = "istio-ingressgateway"
"""Service in the root namespace whose gateway is reached at the ingress address."""


class Translation:
    """Pure function of its snapshot and surroundings, with memory of shared parts."""

    def __init__(self, snapshot: Snapshot, around: Surroundings, root_namespace: str) -> None:
        self._index = Index(snapshot, root_namespace)
        self._around = around
        self._clusters: dict[str, tuple[Mapping[str, Resource], Mapping[str, Resource]]] = {}
        self._mesh_routes: dict[tuple[str, tuple[str | None, ...]], Resource] = {}
        self._black_hole = _packed(clusters.black_hole())
        self._passthrough = _packed(clusters.passthrough(around))

    def resources(self, proxy: Proxy) -> Resources:
        """Everything the proxy is to have."""
        if proxy.namespace not in self._clusters:
            self._clusters[proxy.namespace] = self._outbound(proxy.namespace)
        outbound, endpoints = self._clusters[proxy.namespace]
        if proxy.is_gateway:
            shared = {**outbound, self._black_hole.name: self._black_hole}
            return Resources(shared, endpoints, *self._gateway(proxy))
        own = by_name(_packed(cluster) for cluster in clusters.inbound_clusters(proxy))
        shared = {
            **outbound,
            **own,
            self._black_hole.name: self._black_hole,
            self._passthrough.name: self._passthrough,
        }
        return Resources(shared, endpoints, *self._sidecar(proxy))

    def _outbound(self, namespace: str) -> tuple[Mapping[str, Resource], Mapping[str, Resource]]:
        found, assignments = clusters.outbound_clusters(self._index, namespace, self._around)
        return (
            by_name(_packed(cluster) for cluster in found),
            by_name(Resource.of(entry.cluster_name, entry) for entry in assignments),
        )

    def _gateway(self, proxy: Proxy) -> tuple[dict[str, Resource], dict[str, Resource]]:
        mesh = self._index.snapshot.mesh
        ports = gateway.listening_ports(self._index, proxy)
        ingress = self._around.ingress if self._is_installed_gateway(proxy) else None
        return (
            by_name(
                _packed(listeners.gateway_listener(mesh, proxy, port, ingress)) for port in ports
            ),
            by_name(
                _packed(gateway.route_configuration(self._index, proxy, port)) for port in ports
            ),
        )

    def _is_installed_gateway(self, proxy: Proxy) -> bool:
        return proxy.namespace == self._index.root_namespace and any(
            service.origin.name == INGRESS_SERVICE
            and service.origin.namespace == proxy.namespace
            and service.selects(proxy.labels)
            for service in self._index.snapshot.services
        )

    def _sidecar(self, proxy: Proxy) -> tuple[dict[str, Resource], dict[str, Resource]]:
        mesh = self._index.snapshot.mesh
        built = [
            *(listeners.inbound_listener(mesh, proxy, port) for port in sorted(proxy.inbound)),
            listeners.outbound_listener(mesh, proxy, self._around),
        ]
        labels = tuple(proxy.labels.get(name) for name in self._index.source_labels)
        key = (proxy.namespace, labels)
        if key not in self._mesh_routes:
            self._mesh_routes[key] = _packed(mesh_routes.route_configuration(self._index, proxy))
        routes = self._mesh_routes[key]
        return by_name(_packed(listener) for listener in built), {routes.name: routes}


def _packed(message: Any) -> Resource:
    """Clusters, listeners and route configurations all carry their name."""
    return Resource.of(message.name, message)
