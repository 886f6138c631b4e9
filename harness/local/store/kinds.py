"""Every kind the local cluster serves, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A served kind, equal only to itself.

    ``versions`` are served newest first; objects are stored at the first.
    All versions of one kind share one schema here, as Istio's do
    (source: istio.io/api, kubernetes/customresourcedefinitions.gen.yaml).
    """

    group: str
    versions: tuple[str, ...]
    plural: str
    singular: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    has_generation: bool = False

    @property
    def storage_api_version(self) -> str:
        """``apiVersion`` of stored objects, for example ``apps/v1``."""
        return self.api_version(self.versions[0])

    def api_version(self, version: str) -> str:
        """``apiVersion`` at a served version."""
        return f"{self.group}/{version}" if self.group else version

    @property
    def group_plural(self) -> str:
        """Name in messages: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(plural: str, singular: str, kind: str, short: str = "", **more: object) -> Resource:
    return Resource(
        "",
        ("v1",),
        plural,
        singular,
        kind,
        short_names=(short,) if short else (),
        **more,  # type: ignore[arg-type]
    )


def _istio(plural: str, singular: str, kind: str, short: str) -> Resource:
    return Resource(
        "networking.istio.io",
        ("v1", "v1beta1", "v1alpha3"),
        plural,
        singular,
        kind,
        short_names=(short,),
        categories=("istio-io", "networking-istio-io"),
        subresources=("status",),
        has_generation=True,
    )


NAMESPACES: Final = _core(
    "namespaces", "namespace", "Namespace", "ns", namespaced=False, subresources=("status",)
)
PODS: Final = _core(
    "pods", "pod", "Pod", "po", categories=("all",), has_generation=True,
    subresources=("status", "log", "exec", "portforward"),
)  # fmt: skip
SERVICES: Final = _core(
    "services", "service", "Service", "svc", categories=("all",), subresources=("status",)
)
ENDPOINTS: Final = _core("endpoints", "endpoints", "Endpoints", "ep")
CONFIG_MAPS: Final = _core("configmaps", "configmap", "ConfigMap", "cm")
SECRETS: Final = _core("secrets", "secret", "Secret")
SERVICE_ACCOUNTS: Final = _core("serviceaccounts", "serviceaccount", "ServiceAccount", "sa")
EVENTS: Final = _core("events", "event", "Event", "ev")
NODES: Final = _core("nodes", "node", "Node", "no", namespaced=False, subresources=("status",))
DEPLOYMENTS: Final = Resource(
    "apps", ("v1",), "deployments", "deployment", "Deployment", short_names=("deploy",),
    categories=("all",), subresources=("status", "scale"), has_generation=True,
)  # fmt: skip
REPLICA_SETS: Final = Resource(
    "apps", ("v1",), "replicasets", "replicaset", "ReplicaSet", short_names=("rs",),
    categories=("all",), subresources=("status", "scale"), has_generation=True,
)  # fmt: skip
ENDPOINT_SLICES: Final = Resource(
    "discovery.k8s.io", ("v1",), "endpointslices", "endpointslice", "EndpointSlice"
)
GATEWAYS: Final = _istio("gateways", "gateway", "Gateway", "gw")
VIRTUAL_SERVICES: Final = _istio("virtualservices", "virtualservice", "VirtualService", "vs")
DESTINATION_RULES: Final = _istio("destinationrules", "destinationrule", "DestinationRule", "dr")
SERVICE_ENTRIES: Final = _istio("serviceentries", "serviceentry", "ServiceEntry", "se")

ISTIO: Final = (GATEWAYS, VIRTUAL_SERVICES, DESTINATION_RULES, SERVICE_ENTRIES)
ALL: Final = (
    NAMESPACES, PODS, SERVICES, ENDPOINTS, CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, EVENTS,
    NODES, DEPLOYMENTS, REPLICA_SETS, ENDPOINT_SLICES, *ISTIO,
)  # fmt: skip
