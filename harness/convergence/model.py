"""What is compared: routing as a proxy has it, and as it should have it, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Address = str
"""``IP:port``."""


class Role(StrEnum):
    """What a proxy is for."""

    GATEWAY = "gateway"
    SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who a proxy is: its pod."""

    namespace: str
    pod: str
    role: Role
    labels: Mapping[str, str]
    named_ports: Mapping[str, int]
    """Container ports by name, for Services that name their target port."""

    def __str__(self) -> str:
        return f"{self.role} {self.namespace}/{self.pod}"

    @property
    def workload(self) -> str:
        """The same for every pod of a workload, in every run."""
        names = [self.labels[label] for label in ("app", "version") if label in self.labels]
        return f"{self.role} {self.namespace}/{' '.join(names) or self.pod}"


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One condition of a match: a header's (or the path's) value by exact, prefix, regex…"""

    subject: str
    how: str
    value: str = ""
    inverted: bool = False

    def __str__(self) -> str:
        words = f"{self.subject} {self.how} {self.value}".rstrip()
        return f"not ({words})" if self.inverted else words


ANY_PATH = Condition("path", "prefix", "/")


@dataclass(frozen=True, slots=True)
class Route:
    """One route: all conditions must hold. Weights are as written; a lone target's is 1."""

    conditions: frozenset[Condition]
    targets: tuple[tuple[str, int], ...]
    mirrors: tuple[tuple[str, float], ...] = ()
    """Clusters that get copies, with percentages."""
    policy: str = ""
    """Time-out, retries and faults in words; empty for Istio's defaults."""
    answer: str = ""
    """Given by the proxy itself: ``502`` for a direct response, ``redirect``."""

    @property
    def is_catch_all(self) -> bool:
        """Nothing after it on the same host is ever reached."""
        return self.conditions in (
            frozenset((ANY_PATH,)),
            frozenset((Condition("path", "regex", ".*"),)),
        )

    def __str__(self) -> str:
        conditions = " and ".join(str(item) for item in sorted(self.conditions - {ANY_PATH}))
        goes = " + ".join(
            name if len(self.targets) == 1 else f"{weight} {name}" for name, weight in self.targets
        )
        copies = "".join(f", {percent:g}% copied to {name}" for name, percent in self.mirrors)
        how = f", {self.policy}" if self.policy else ""
        return f"[{conditions or 'any request'}] → {goes or self.answer or 'nowhere'}{copies}{how}"


def routes_text(routes: tuple[Route, ...]) -> str:
    """All routes of a host in one line."""
    return "; ".join(map(str, routes)) or "no route"


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """Routes for some domains; ``name`` is HOST:PORT or that of a catch-all."""

    name: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class ProxyView:
    """What a proxy said it has."""

    route_configurations: tuple[tuple[str, tuple[VirtualHost, ...]], ...]
    """By name; a name may come twice while a listener drains."""
    routed_by_listeners: frozenset[str]
    """Names of the route configurations that active listeners use."""
    clusters: frozenset[str]
    endpoints: Mapping[str, frozenset[Address]]
    """Healthy addresses by cluster."""

    def configurations(self, name: str) -> list[tuple[VirtualHost, ...]]:
        """Every route configuration of that name."""
        return [hosts for found, hosts in self.route_configurations if found == name]


def routing(view: ProxyView) -> tuple[str, ...]:
    """Every route and cluster as a line, sorted; without addresses, which differ by chance."""
    routes = {
        f"{configuration} {host.name}: {route}"
        for configuration, hosts in view.route_configurations
        for host in hosts
        for route in host.routes
    }
    return tuple(sorted(routes | {f"cluster {name}" for name in view.clusters}))
