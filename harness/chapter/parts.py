"""The pieces the steps are put together from: files, proxies, requests and expectations."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from harness.model import (
    Apply,
    DeleteAll,
    EnsureNamespace,
    Mixed,
    OutboundPolicy,
    ProxySelector,
    Request,
    SetOutboundPolicy,
    Shares,
    TrafficCheck,
    Witness,
    WorkloadCheck,
)
from harness.repository import NAMESPACE

# --- proxies --------------------------------------------------------------------------------

GATEWAY: Final = ProxySelector(
    "ingress gateway", "istio-system", MappingProxyType({"istio": "ingressgateway"})
)
CATALOG: Final = ProxySelector(
    "sidecars of catalog", NAMESPACE, MappingProxyType({"app": "catalog"})
)
CATALOG_V1: Final = ProxySelector(
    "sidecar of catalog v1", NAMESPACE, MappingProxyType({"app": "catalog", "version": "v1"})
)
CATALOG_V2: Final = ProxySelector(
    "sidecar of catalog-v2", NAMESPACE, MappingProxyType({"app": "catalog", "version": "v2"})
)
WEBAPP: Final = ProxySelector("sidecar of webapp", NAMESPACE, MappingProxyType({"app": "webapp"}))
FORUM: Final = ProxySelector("sidecar of forum", NAMESPACE, MappingProxyType({"app": "forum"}))
SHOP: Final = (GATEWAY, CATALOG, WEBAPP)
"""Every proxy there is until forum comes; a mesh rule reaches them all."""
WHOLE_SHOP: Final = (*SHOP, FORUM)

# --- actions --------------------------------------------------------------------------------

NAMESPACE_WITH_INJECTION: Final = EnsureNamespace(
    NAMESPACE, MappingProxyType({"istio-injection": "enabled"})
)
CATALOG_V1_DEPLOYMENT: Final = Apply("services/catalog/kubernetes/catalog-deployment.yaml")
CATALOG_V2_DEPLOYMENT: Final = Apply("services/catalog/kubernetes/catalog-deployment-v2.yaml")
CATALOG_SERVICE: Final = Apply("services/catalog/kubernetes/catalog-svc.yaml")
WEBAPP_WORKLOAD: Final = Apply("services/webapp/kubernetes/webapp.yaml")
WEBAPP_ENTRANCE: Final = Apply("services/webapp/istio/webapp-catalog-gw-vs.yaml")
FORUM_WORKLOAD: Final = Apply("services/forum/kubernetes/forum-all.yaml")
ROUTING_DELETED: Final = DeleteAll(("gateways", "virtualservices", "destinationrules"))
REGISTRY_ONLY: Final = SetOutboundPolicy(OutboundPolicy.REGISTRY_ONLY)
ALLOW_ANY: Final = SetOutboundPolicy(OutboundPolicy.ALLOW_ANY)


def chapter_file(name: str) -> Apply:
    """The chapter's manifest of that name."""
    return Apply(f"ch5/{name}.yaml")


# --- requests -------------------------------------------------------------------------------

COHORT: Final = "x-istio-cohort"
INTERNAL: Final = MappingProxyType({COHORT: "internal"})
EXTERNAL: Final = MappingProxyType({COHORT: "external"})

ITEMS: Final = Request("/items", "catalog.istioinaction.io")
ITEMS_INTERNAL: Final = Request("/items", "catalog.istioinaction.io", INTERNAL)
ITEMS_EXTERNAL: Final = Request("/items", "catalog.istioinaction.io", EXTERNAL)
SHOP_CATALOG: Final = Request("/api/catalog", "webapp.istioinaction.io")
SHOP_CATALOG_INTERNAL: Final = Request("/api/catalog", "webapp.istioinaction.io", INTERNAL)
SHOP_USERS: Final = Request("/api/users", "webapp.istioinaction.io")

# --- expectations ---------------------------------------------------------------------------

BOTH_VERSIONS: Final = Mixed(("v1", "v2"), least=0.1)
"""LEAST_REQUEST promises no exact split, but starves no healthy endpoint."""


def only(label: str) -> Shares:
    """Every answer is ``label``."""
    return Shares(MappingProxyType({label: 1.0}))


def split(v1: float, v2: float) -> Shares:
    """The two versions with these probabilities."""
    return Shares(MappingProxyType({"v1": v1, "v2": v2}))


BY_VERSION: Final = (
    Witness(CATALOG_V1, "/items", frozenset(("v1",)), status=200),
    Witness(CATALOG_V2, "/items", frozenset(("v2",)), status=200),
)
"""Each version's sidecar has logged the requests that its version answered."""
COPIED: Final = (
    Witness(CATALOG_V1, "/items", frozenset(("v1",)), status=200),
    Witness(CATALOG_V2, "/items", frozenset(("v1",))),
)
"""v2's sidecar has logged a copy of each request that v1 answered."""


def catalog(
    request: Request,
    expectation: Shares | Mixed,
    witnesses: tuple[Witness, ...] = BY_VERSION,
) -> TrafficCheck:
    """Which catalog version answers."""
    return TrafficCheck(request, "catalog", expectation, witnesses=witnesses)


def users(label: str, control: bool = False) -> TrafficCheck:
    """Whether the shop's users arrive. forum is asked for them, whatever it can answer."""
    witness = Witness(FORUM, "/api/users", frozenset((label,)))
    return TrafficCheck(SHOP_USERS, "users", only(label), control, (witness,))


def unreachable(request: Request) -> TrafficCheck:
    """The negative control: nothing answers for this host yet, and none gets past the gateway."""
    nobody = Witness(CATALOG, "/items", frozenset())
    return TrafficCheck(
        request, "reachability", only("unreachable"), control=True, witnesses=(nobody,)
    )


def workload(deployment: str, app: str) -> WorkloadCheck:
    """A deployment of the shop, with its sidecar."""
    return WorkloadCheck(NAMESPACE, deployment, (app, "istio-proxy"))
