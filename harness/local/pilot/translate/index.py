"""Look-ups over a snapshot: services by host, destination rules as a caller sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.local.pilot.model import DestinationRule, Service, Snapshot, VirtualService
from harness.local.pilot.names import most_specific


@dataclass(frozen=True)
class Index:
    """A snapshot with its look-up tables."""

    snapshot: Snapshot
    root_namespace: str

    @cached_property
    def services(self) -> dict[str, Service]:
        """Services by host."""
        return {service.host: service for service in self.snapshot.services}

    @cached_property
    def _rules(self) -> dict[str, dict[str, DestinationRule]]:
        rules: dict[str, dict[str, DestinationRule]] = {}
        for rule in self.snapshot.destination_rules:
            rules.setdefault(rule.origin.namespace, {})[rule.host] = rule
        return rules

    def destination_rule(self, service: Service, caller: str) -> DestinationRule | None:
        """The rule a caller of that namespace sees: its own, else the service's, else the root's.

        A caller in the root namespace has no rules of its own: those are everyone's defaults
        (istio/istio pilot/pkg/model/push_context.go, destinationRule).
        """
        order = [service.origin.namespace, self.root_namespace]
        if caller != self.root_namespace:
            order.insert(0, caller)
        for namespace in order:
            rules = self._rules.get(namespace, {})
            host = most_specific(service.host, rules)
            if host is not None:
                return rules[host]
        return None

    @cached_property
    def virtual_service_for_host(self) -> dict[str, VirtualService]:
        """The oldest mesh VirtualService of each host written in one."""
        found: dict[str, VirtualService] = {}
        for virtual_service in self.mesh_virtual_services:
            for host in virtual_service.hosts:
                found.setdefault(host, virtual_service)
        return found

    @cached_property
    def mesh_virtual_services(self) -> tuple[VirtualService, ...]:
        """VirtualServices that apply to sidecars, oldest first."""
        return tuple(vs for vs in self.snapshot.virtual_services if "mesh" in vs.gateways)

    @cached_property
    def source_labels(self) -> tuple[str, ...]:
        """Label names that some match asks of the calling proxy."""
        return tuple(
            sorted(
                {
                    label
                    for virtual_service in self.snapshot.virtual_services
                    for rule in virtual_service.http
                    for match in rule.matches
                    for label in match.source_labels
                }
            )
        )
