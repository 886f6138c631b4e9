"""The four resource types served, in the order that makes before it breaks.

Clusters and their endpoints come before the listeners and routes that point at them
(Envoy documentation, "xDS protocol", eventual consistency considerations).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from harness.local.pilot.translate import Resource, Resources

_PREFIX = "type.googleapis.com/"


class Kind(Enum):
    """A resource type by its type URL. Iteration order is sending order."""

    CLUSTER = _PREFIX + "envoy.config.cluster.v3.Cluster"
    ENDPOINT = _PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
    LISTENER = _PREFIX + "envoy.config.listener.v3.Listener"
    ROUTE = _PREFIX + "envoy.config.route.v3.RouteConfiguration"

    @property
    def is_whole(self) -> bool:
        """A response lists all resources, and what it leaves out is removed."""
        return self in (Kind.CLUSTER, Kind.LISTENER)

    def of(self, resources: Resources) -> Mapping[str, Resource]:
        """A proxy's resources of this type."""
        if self is Kind.CLUSTER:
            return resources.clusters
        if self is Kind.ENDPOINT:
            return resources.endpoints
        if self is Kind.LISTENER:
            return resources.listeners
        return resources.routes
