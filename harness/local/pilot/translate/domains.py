"""Which Host headers a virtual host answers to, and the protection against duplicates.

Envoy rejects a whole route configuration for one domain that occurs twice, even if only its
case differs, so every domain passes through a ``Domains`` before it is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.local.pilot.model import Service
from harness.local.pilot.names import DOMAIN


@dataclass(slots=True)
class Domains:
    """Domains given out so far. The first asker gets one; case does not tell two apart."""

    known_hosts: frozenset[str] = frozenset()
    """Full names of services: never given to another service as its short form."""
    _taken: set[str] = field(default_factory=set)

    def claim(self, full: Iterable[str], short: Iterable[str] = ()) -> list[str]:
        """Those of the domains that nobody has yet."""
        wanted = [*full, *(name for name in short if name not in self.known_hosts)]
        granted = []
        for domain in wanted:
            if domain.lower() not in self._taken:
                self._taken.add(domain.lower())
                granted.append(domain)
        return granted


def full_names(service: Service) -> list[str]:
    """The host, its absolute form, and the virtual IPs."""
    return [service.host, *([f"{service.host}."] if service.in_cluster else ()), *service.addresses]


def short_names(service: Service, namespace: str) -> list[str]:
    """Short forms of a Kubernetes Service, as its callers' DNS search path allows.

    Source: istio/istio httproute.go, generateAltVirtualHostsForKubernetesService.
    """
    if not service.in_cluster:
        return []
    name, home = service.origin.name, service.origin.namespace
    short = [f"{name}.{home}.{DOMAIN.partition('.')[0]}", f"{name}.{home}"]
    return [name, *short] if namespace == home else short


def at_port(names: Iterable[str], port: int) -> list[str]:
    """Host headers for a port: bare on 80, HTTP's own, and with the port everywhere."""
    return [
        form
        for name in names
        for form in ((name, f"{name}:{port}") if port == 80 else (f"{name}:{port}",))
    ]
