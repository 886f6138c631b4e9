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


def catalog(request: Request, expectation: Shares | Mixed) -> TrafficCheck:
    """Which catalog version answers."""
    return TrafficCheck(request, "catalog", expectation)


def users(label: str, control: bool = False) -> TrafficCheck:
    """Whether the shop's users arrive."""
    return TrafficCheck(SHOP_USERS, "users", only(label), control)


def unreachable(request: Request) -> TrafficCheck:
    """The negative control: nothing answers for this host yet."""
    return TrafficCheck(request, "reachability", only("unreachable"), control=True)


def workload(deployment: str, app: str) -> WorkloadCheck:
    """A deployment of the shop, with its sidecar."""
    return WorkloadCheck(NAMESPACE, deployment, (app, "istio-proxy"))
