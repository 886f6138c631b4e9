"""The snapshot, built from the store's objects in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from harness.local.contracts import MESH_CONFIG_MAP, ROOT_NAMESPACE
from harness.local.pilot.ingest import istio, kubernetes, mesh
from harness.local.pilot.model import DestinationRule, Service, Snapshot
from harness.local.store import Event, Resource, Store, kinds

SOURCES: Final[tuple[Resource, ...]] = (
    kinds.SERVICES,
    kinds.ENDPOINT_SLICES,
    kinds.PODS,
    kinds.CONFIG_MAPS,
    *kinds.ISTIO,
)
"""The kinds that routing depends on."""


def concerns(event: Event) -> bool:
    """Whether a change of one of SOURCES can change a snapshot: of ConfigMaps only the mesh's."""
    metadata = event.object["metadata"]
    return event.resource is not kinds.CONFIG_MAPS or (
        metadata["namespace"] == ROOT_NAMESPACE and metadata["name"] == MESH_CONFIG_MAP
    )


def build(store: Store) -> Snapshot:
    """Everything routing depends on, as the store has it now."""
    pods = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod
        for pod in store.list(kinds.PODS)
    }
    services = kubernetes.services(
        store.list(kinds.SERVICES), store.list(kinds.ENDPOINT_SLICES), pods
    )
    for entry in _oldest_first(store.list(kinds.SERVICE_ENTRIES)):
        services.extend(istio.service_entry(entry))
    return Snapshot(
        services=tuple(_first_of_each_host(services)),
        gateways=tuple(istio.gateway(obj) for obj in _oldest_first(store.list(kinds.GATEWAYS))),
        virtual_services=tuple(
            istio.virtual_service(obj) for obj in _oldest_first(store.list(kinds.VIRTUAL_SERVICES))
        ),
        destination_rules=tuple(
            merged(
                istio.destination_rule(obj)
                for obj in _oldest_first(store.list(kinds.DESTINATION_RULES))
            )
        ),
        mesh=mesh.mesh_config(store.find(kinds.CONFIG_MAPS, ROOT_NAMESPACE, MESH_CONFIG_MAP)),
    )


def merged(rules: Iterable[DestinationRule]) -> Iterable[DestinationRule]:
    """Rules of one host and namespace as one: subsets joined, the oldest's policy, oldest first.

    Of subsets of one name the first counts (istio/istio pilot/pkg/model/destination_rule.go).
    """
    found: dict[tuple[str, str], DestinationRule] = {}
    for rule in rules:
        key = (rule.origin.namespace, rule.host)
        first = found.get(key)
        if first is None:
            found[key] = rule
            continue
        known = {subset.name for subset in first.subsets}
        found[key] = DestinationRule(
            first.origin,
            first.host,
            first.subsets + tuple(s for s in rule.subsets if s.name not in known),
            first.load_balancer or rule.load_balancer,
        )
    return found.values()


def _oldest_first(objects: Iterable[istio.Json]) -> list[istio.Json]:
    return sorted(objects, key=lambda obj: istio.origin(obj).age_key)


def _first_of_each_host(services: Iterable[Service]) -> Iterable[Service]:
    """Kubernetes' own services win over ServiceEntries, older entries over younger.

    Entries of one host, namespace and resolution add their ports to the oldest's, as in Istio.
    """
    found: dict[str, Service] = {}
    for service in services:
        first = found.setdefault(service.host, service)
        if first is not service and _is_mergeable(first, service):
            more = tuple(port for port in service.ports if first.port(port.number) is None)
            found[service.host] = replace(first, ports=first.ports + more)
    return sorted(found.values(), key=lambda service: service.host)


def _is_mergeable(first: Service, other: Service) -> bool:
    return (
        not first.in_cluster
        and not other.in_cluster
        and first.origin.namespace == other.origin.namespace
        and first.resolution is other.resolution
    )
