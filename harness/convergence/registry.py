"""Services, endpoints and Istio objects as read back from the API: one frozen snapshot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from harness.convergence.model import Address

Json = Mapping[str, Any]
ROOT_NAMESPACE: Final = "istio-system"
DOMAIN: Final = "svc.cluster.local"
HTTP_PREFIXES: Final = ("http", "http2", "grpc")
HTTP_PROTOCOLS: Final = ("HTTP", "HTTP2", "GRPC")
HTTP_APP_PROTOCOLS: Final = ("http", "http2", "grpc", "kubernetes.io/h2c")


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port; ``is_http`` by its name's prefix, appProtocol or protocol, as Istio reads them."""

    number: int
    name: str
    target: int | str
    is_http: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A host of the registry: a Kubernetes Service, or one host of a ServiceEntry."""

    host: str
    namespace: str
    ports: tuple[ServicePort, ...]
    selector: Mapping[str, str]
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A ready address behind a Service's port."""

    host: str
    port_name: str
    address: Address
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """An Istio object. ``age`` orders them: creation time, name, namespace."""

    name: str
    namespace: str
    created: str
    spec: Json

    @property
    def age(self) -> tuple[str, str, str]:
        """Sorts the oldest first."""
        return (self.created, self.name, self.namespace)


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that decides what proxies route, at one moment."""

    services: tuple[Service, ...]
    endpoints: tuple[Endpoint, ...]
    gateways: tuple[Rule, ...]
    virtual_services: tuple[Rule, ...]
    destination_rules: tuple[Rule, ...]
    outbound_policy: str
    default_retries: Json | None = None
    """MeshConfig.defaultHttpRetryPolicy: the retries of routes whose rule says nothing of them."""

    def service(self, host: str) -> Service | None:
        """The service of a full host name."""
        return next((found for found in self.services if found.host == host), None)


def expand(host: str, namespace: str) -> str:
    """A dot-free host is a service of the config's namespace; any other stands as written."""
    lower = host.lower()
    return lower if "." in lower or lower == "*" else f"{lower}.{namespace}.{DOMAIN}"


def registry(
    *,
    services: Iterable[Json],
    slices: Iterable[Json],
    pods: Iterable[Json],
    gateways: Iterable[Json],
    virtual_services: Iterable[Json],
    destination_rules: Iterable[Json],
    service_entries: Iterable[Json],
    mesh: str,
) -> Registry:
    """The snapshot of these API objects; ``mesh`` is MeshConfig as YAML."""
    labels = {
        (pod["metadata"].get("namespace", ""), pod["metadata"]["name"]): pod["metadata"].get(
            "labels", {}
        )
        for pod in pods
    }
    settings = yaml.safe_load(mesh) or {}
    policy = settings.get("outboundTrafficPolicy") or {}
    return Registry(
        services=(
            *(_service(item) for item in services if item["spec"].get("type") != "ExternalName"),
            *(entry for item in service_entries for entry in _entries(item)),
        ),
        endpoints=tuple(endpoint for item in slices for endpoint in _endpoints(item, labels)),
        gateways=_rules(gateways),
        virtual_services=_rules(virtual_services),
        destination_rules=_rules(destination_rules),
        outbound_policy=policy.get("mode", "ALLOW_ANY"),
        default_retries=settings.get("defaultHttpRetryPolicy"),
    )


def _rules(objects: Iterable[Json]) -> tuple[Rule, ...]:
    rules = (
        Rule(
            item["metadata"]["name"],
            item["metadata"]["namespace"],
            item["metadata"].get("creationTimestamp", ""),
            item.get("spec", {}),
        )
        for item in objects
    )
    return tuple(sorted(rules, key=lambda rule: rule.age))


def _service(item: Json) -> Service:
    name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
    ports = tuple(
        ServicePort(
            port["port"],
            port.get("name", ""),
            port.get("targetPort", port["port"]),
            _is_http(port),
        )
        for port in item["spec"].get("ports", ())
    )
    selector = item["spec"].get("selector") or {}
    return Service(f"{name}.{namespace}.{DOMAIN}", namespace, ports, selector)


def _is_http(port: Json) -> bool:
    if application := port.get("appProtocol"):
        return application in HTTP_APP_PROTOCOLS
    return port.get("name", "").split("-")[0] in HTTP_PREFIXES


def _entries(item: Json) -> list[Service]:
    spec, namespace = item["spec"], item["metadata"]["namespace"]
    ports = tuple(
        ServicePort(
            port["number"],
            port.get("name", ""),
            port.get("targetPort", port["number"]),
            port.get("protocol", "").upper() in HTTP_PROTOCOLS,
        )
        for port in spec.get("ports", ())
    )
    return [Service(host.lower(), namespace, ports, {}, True) for host in spec.get("hosts", ())]


def _endpoints(
    item: Json, labels: Mapping[tuple[str, str], Mapping[str, str]]
) -> Iterable[Endpoint]:
    namespace = item["metadata"]["namespace"]
    name = item["metadata"].get("labels", {}).get("kubernetes.io/service-name", "")
    for endpoint in item.get("endpoints") or ():
        if endpoint.get("conditions", {}).get("ready") is False:
            continue
        pod = (endpoint.get("targetRef") or {}).get("name", "")
        for port in item.get("ports") or ():
            for address in endpoint["addresses"]:
                yield Endpoint(
                    f"{name}.{namespace}.{DOMAIN}",
                    port.get("name") or "",
                    f"{address}:{port['port']}",
                    labels.get((namespace, pod), {}),
                )
