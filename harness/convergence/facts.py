"""What must be true of a proxy: each fact says itself in a sentence, and finds its gap. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from harness.convergence.model import Address, ProxyView, Route, VirtualHost, routes_text

EXPLICIT_PROXY: Final = "http_proxy"
"""Route configuration of a sidecar's explicit-proxy listener (MeshConfig.proxyHttpPort)."""
CATCH_ALLS: Final = ("allow_any", "block_all")
BLACKHOLE: Final = "blackhole"


class Fact(Protocol):
    """Something the applied objects imply for one proxy."""

    def gap(self, view: ProxyView) -> str:
        """What the proxy lacks or still has, in words; empty if the fact holds."""

    def __str__(self) -> str:
        """The fact as a sentence."""


def compare(facts: Iterable[Fact], view: ProxyView) -> tuple[str, ...]:
    """The gaps between what must be and what is; empty if all facts hold."""
    return tuple(gap for fact in facts if (gap := fact.gap(view)))


def sidecar_configurations(view: ProxyView, port: int) -> list[tuple[str, tuple[VirtualHost, ...]]]:
    """The outbound route configurations of a sidecar that carry traffic to ``port``.

    Captured traffic uses the one named like the port. The explicit proxy carries every port where
    it is the only way in, and port 80 only beside captured traffic, as in Istio.
    """
    captured = [(str(port), hosts) for hosts in view.configurations(str(port))]
    explicit = [(EXPLICIT_PROXY, hosts) for hosts in view.configurations(EXPLICIT_PROXY)]
    return captured + explicit if port == 80 or not captured else captured


@dataclass(frozen=True, slots=True)
class ListenerRoutes:
    """An active listener uses the route configuration."""

    configuration: str

    def __str__(self) -> str:
        return f"a listener uses route configuration {self.configuration}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        if self.configuration in view.routed_by_listeners:
            return ""
        return f"no active listener uses route configuration {self.configuration}"


@dataclass(frozen=True, slots=True)
class GatewayHost:
    """On a gateway, a host has exactly these routes."""

    configuration: str
    host: str
    routes: tuple[Route, ...]

    def __str__(self) -> str:
        return f"{self.configuration}: {self.host}: {routes_text(self.routes)}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        found = [(self.configuration, hosts) for hosts in view.configurations(self.configuration)]
        return _routes_gap(found, self.configuration, self.host, self.host, self.routes)


@dataclass(frozen=True, slots=True)
class MeshHost:
    """On a sidecar, calls to host and port follow exactly these routes."""

    host: str
    port: int
    routes: tuple[Route, ...]

    def __str__(self) -> str:
        return f"outbound: {self.host}:{self.port}: {routes_text(self.routes)}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        found = sidecar_configurations(view, self.port)
        name = f"{self.host}:{self.port}"
        return _routes_gap(found, str(self.port), self.host, name, self.routes)


@dataclass(frozen=True, slots=True)
class NoOtherHosts:
    """A route configuration knows no hosts but these: what was deleted is gone.

    Names are without port. ``configuration`` empty means a sidecar's outbound ones for port 80.
    On a gateway, one that no active listener uses does not count: Envoy shows the routes of a
    removed listener until it has drained, and no new connection comes to them.
    """

    configuration: str
    hosts: frozenset[str]

    def __str__(self) -> str:
        return f"{self.configuration or 'outbound'}: no hosts but {', '.join(sorted(self.hosts))}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        if self.configuration and self.configuration not in view.routed_by_listeners:
            return ""
        if self.configuration:
            found = [(self.configuration, h) for h in view.configurations(self.configuration)]
        else:
            found = sidecar_configurations(view, 80)
        for configuration, hosts in found:
            known = {_without_port(host.name) for host in hosts if not _is_built_in(host.name)}
            if left := sorted(known - self.hosts):
                return f"route configuration {configuration} still has host {', '.join(left)}"
        return ""


@dataclass(frozen=True, slots=True)
class CatchAll:
    """Calls to hosts outside the registry meet this catch-all: allow_any or block_all."""

    name: str

    def __str__(self) -> str:
        return f"calls to unknown hosts meet {self.name}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        found = sidecar_configurations(view, 80)
        if not found:
            return "it has no outbound route configuration"
        for configuration, hosts in found:
            names = [host.name for host in hosts if "*" in host.domains]
            if names != [self.name]:
                has = ", ".join(names) or "no catch-all"
                return f"route configuration {configuration} has {has} instead of {self.name}"
        return ""


@dataclass(frozen=True, slots=True)
class HasCluster:
    """A cluster that routes send to exists."""

    name: str

    def __str__(self) -> str:
        return f"cluster {self.name}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        return "" if self.name in view.clusters else f"cluster {self.name} is missing"


@dataclass(frozen=True, slots=True)
class HasEndpoints:
    """A cluster's endpoints are exactly the addresses of the ready pods."""

    cluster: str
    addresses: frozenset[Address]

    def __str__(self) -> str:
        return f"cluster {self.cluster} has endpoints {_listing(self.addresses)}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        found = view.endpoints.get(self.cluster, frozenset())
        if found == self.addresses:
            return ""
        return (
            f"cluster {self.cluster} has endpoints {_listing(found)}, "
            f"and the ready pods are {_listing(self.addresses)}"
        )


@dataclass(frozen=True, slots=True)
class NoOtherSubsets:
    """A host has no clusters of subsets but these: those of deleted rules are gone."""

    host: str
    subsets: frozenset[str]

    def __str__(self) -> str:
        return f"{self.host} has no subsets but {_listing(self.subsets)}"

    def gap(self, view: ProxyView) -> str:
        """See Fact."""
        parts = [name.split("|") for name in view.clusters if name.startswith("outbound|")]
        known = {part[2] for part in parts if len(part) == 4 and part[3] == self.host and part[2]}
        if left := sorted(known - self.subsets):
            return f"subset {', '.join(left)} of {self.host} is still there"
        return ""


def _routes_gap(
    found: Sequence[tuple[str, tuple[VirtualHost, ...]]],
    configuration: str,
    domain: str,
    name: str,
    wanted: tuple[Route, ...],
) -> str:
    if not found:
        return f"route configuration {configuration} is missing"
    for actual, hosts in found:
        host = _find(hosts, domain, name)
        if host is None:
            return f"route configuration {actual} does not know host {domain}"
        if host.routes != wanted:
            return (
                f"route configuration {actual} still sends {domain} {routes_text(host.routes)}; "
                f"wanted {routes_text(wanted)}"
            )
    return ""


def _find(hosts: tuple[VirtualHost, ...], domain: str, name: str) -> VirtualHost | None:
    """The virtual host of a domain: by its name HOST:PORT, or else by its domains."""
    for host in hosts:
        if host.name == name:
            return host
    for host in hosts:
        if domain in host.domains or name in host.domains:
            return host
    return None


def _without_port(name: str) -> str:
    host, colon, port = name.rpartition(":")
    return host if colon and port.isdigit() else name


def _is_built_in(name: str) -> bool:
    return name in CATCH_ALLS or name.startswith(BLACKHOLE)


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
