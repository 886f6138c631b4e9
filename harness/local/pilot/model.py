"""Typed, frozen models of what routing depends on, and the one immutable snapshot of them.

Everything is resolved: short names are expanded, gateways are ``namespace/name`` or ``mesh``,
subsets are label sets. Nothing here knows Kubernetes' wire form or Envoy's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MESH: Final = "mesh"
"""The reserved gateway name that stands for all sidecars."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The object a model was read from. ``created`` is its creationTimestamp (RFC 3339)."""

    namespace: str
    name: str
    created: str = ""

    @property
    def age_key(self) -> tuple[str, str, str]:
        """Istio's order: oldest first, then by name, then by namespace (config store sort)."""
        return (self.created, self.name, self.namespace)


# --- services --------------------------------------------------------------------------------


class Resolution(StrEnum):
    """How a service's endpoints are found."""

    ENDPOINTS = "endpoints"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address a service answers on. ``address`` is an IP, or a host name under DNS."""

    address: str
    port: int
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a service. ``target`` is the numeric targetPort, None if it is a name.

    ``http`` is False where Istio's protocol selection says TCP: VirtualServices' http rules do
    not apply then.
    """

    number: int
    name: str = ""
    target: int | None = None
    http: bool = True
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A host of the registry: a Kubernetes Service, or one host of a ServiceEntry."""

    host: str
    origin: Origin
    ports: tuple[ServicePort, ...]
    addresses: tuple[str, ...] = ()
    resolution: Resolution = Resolution.ENDPOINTS
    in_cluster: bool = True
    """A Kubernetes Service: has short names."""
    selector: Mapping[str, str] = field(default_factory=dict)

    def port(self, number: int) -> ServicePort | None:
        """The port of that number, if any."""
        return next((port for port in self.ports if port.number == number), None)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether a pod with these labels is behind the service; no selector selects none."""
        return bool(self.selector) and all(
            labels.get(name) == value for name, value in self.selector.items()
        )


# --- gateways --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Server:
    """One HTTP server of a Gateway. ``hosts`` are (namespace or ``*``, lower-case host)."""

    port: int
    hosts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Istio Gateway; an empty selector selects every gateway proxy."""

    origin: Origin
    selector: Mapping[str, str]
    servers: tuple[Server, ...]

    @property
    def key(self) -> str:
        """``namespace/name``, as VirtualServices refer to it."""
        return f"{self.origin.namespace}/{self.origin.name}"


# --- virtual services ------------------------------------------------------------------------


class MatchKind(StrEnum):
    """How a string is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class StringMatch:
    """A comparison; ``value`` is empty for PRESENT."""

    kind: MatchKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One entry of an http rule's ``match`` list: all conditions must hold."""

    name: str = ""
    uri: StringMatch | None = None
    ignore_uri_case: bool = False
    headers: tuple[tuple[str, StringMatch], ...] = ()
    without_headers: tuple[tuple[str, StringMatch], ...] = ()
    method: StringMatch | None = None
    authority: StringMatch | None = None
    scheme: StringMatch | None = None
    query_params: tuple[tuple[str, StringMatch], ...] = ()
    port: int | None = None
    gateways: tuple[str, ...] = ()
    source_labels: Mapping[str, str] = field(default_factory=dict)
    source_namespace: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route goes; ``port`` None leaves it to the rules for missing ports."""

    host: str
    subset: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class WeightedDestination:
    """One share of a route."""

    destination: Destination
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Mirror:
    """A copy of the traffic. ``parts_per_million`` of the requests are copied."""

    destination: Destination
    parts_per_million: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Retries:
    """Further attempts, none if ``attempts`` is 0. No ``retry_on`` means Istio's default."""

    attempts: int
    per_try_timeout_ms: int = 0
    """0: as long as the whole request."""
    retry_on: tuple[str, ...] = ()
    status_codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Requests held up or refused on purpose, by the caller's own proxy."""

    delay_ms: int = 0
    delay_parts_per_million: int = 0
    abort_status: int = 0
    abort_parts_per_million: int = 0


@dataclass(frozen=True, slots=True)
class HttpRule:
    """One entry of ``http``; an empty ``matches`` matches everything."""

    name: str = ""
    matches: tuple[Match, ...] = ()
    route: tuple[WeightedDestination, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    timeout_ms: int = 0
    """0: none."""
    retries: Retries | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class VirtualService:
    """An Istio VirtualService; ``gateways`` are ``namespace/name`` or MESH."""

    origin: Origin
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    http: tuple[HttpRule, ...]


# --- destination rules -----------------------------------------------------------------------


class LoadBalancer(StrEnum):
    """``loadBalancer.simple``; Istio treats LEAST_CONN as LEAST_REQUEST."""

    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"


@dataclass(frozen=True, slots=True)
class Subset:
    """A named part of a service's endpoints; no load balancer means the rule's."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    load_balancer: LoadBalancer | None = None


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """An Istio DestinationRule, or several of one host and namespace merged into the oldest."""

    origin: Origin
    host: str
    subsets: tuple[Subset, ...] = ()
    load_balancer: LoadBalancer | None = None


# --- who asks, and where ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proxy:
    """An Envoy as translation sees it: a gateway, or the sidecar of a pod.

    ``inbound`` maps container ports to the application's Unix sockets; ``outbound_port`` is
    that of the explicit-proxy listener. Both are for sidecars.
    """

    ip: str
    pod: str
    namespace: str
    is_gateway: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    inbound: Mapping[int, str] = field(default_factory=dict)
    outbound_port: int = 15001


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around the mesh. ``stand_in`` None is the real outside world.

    ``ingress`` is the address at which the installed gateway's port 80 is reached as well.
    """

    ingress: tuple[str, int]
    stand_in: tuple[str, int] | None = None


# --- the mesh and the whole ------------------------------------------------------------------


class OutboundMode(StrEnum):
    """``meshConfig.outboundTrafficPolicy.mode``."""

    ALLOW_ANY = "ALLOW_ANY"
    REGISTRY_ONLY = "REGISTRY_ONLY"


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """What of MeshConfig is followed. An empty ``access_log_file`` disables access logs."""

    outbound: OutboundMode = OutboundMode.ALLOW_ANY
    access_log_file: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything translation depends on, at one moment. Virtual services are oldest first."""

    services: tuple[Service, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    mesh: MeshConfig = MeshConfig()
