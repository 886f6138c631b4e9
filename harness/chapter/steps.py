"""The chapter, step by step, in the article's order; then the two extras.

A step's id is a contract. Each later step builds on the cluster as the earlier ones left it.
The article applies the mesh VirtualService before its DestinationRule, which opens a short
window of 503s; traffic is sent only once both are live, so the order is kept.
"""

from __future__ import annotations

from typing import Final

from harness.chapter import parts
from harness.chapter.parts import catalog, chapter_file, only, unreachable, users
from harness.model import MirrorCheck, Stage, Step, WorkloadCheck
from harness.repository import NAMESPACE

__all__ = ["NAMESPACE", "STEPS"]

INSTALL: Final = Step(
    "install",
    "Istio is installed and the namespace is labelled for injection",
    "Everything else needs a gateway that runs and a namespace whose pods get a sidecar.",
    (
        Stage(
            (parts.NAMESPACE_WITH_INJECTION,),
            (),
            (
                WorkloadCheck("istio-system", "istio-ingressgateway", ("istio-proxy",)),
                unreachable(parts.ITEMS),
            ),
        ),
    ),
)

DEPLOY: Final = Step(
    "deploy",
    "Two versions of catalog are deployed, and none is released",
    "Deployment is not release: both versions run, each beside a proxy, and no client gets in.",
    (
        Stage(
            (
                parts.CATALOG_V1_DEPLOYMENT,
                parts.CATALOG_V2_DEPLOYMENT,
                parts.CATALOG_SERVICE,
            ),
            (parts.CATALOG,),
            (
                parts.workload("catalog", "catalog"),
                parts.workload("catalog-v2", "catalog"),
                unreachable(parts.ITEMS),
            ),
        ),
    ),
)

GATEWAY: Final = Step(
    "gateway",
    "The gateway lets clients in, and both versions answer",
    "Without subsets the service's endpoints are one pool, so v1 and v2 take turns.",
    (
        Stage(
            (chapter_file("catalog-gateway"), chapter_file("catalog-vs")),
            (parts.GATEWAY,),
            (catalog(parts.ITEMS, parts.BOTH_VERSIONS),),
        ),
    ),
)

ALL_V1: Final = Step(
    "all-v1",
    "All traffic from the gateway goes to v1",
    "A DestinationRule names the versions, and the VirtualService picks one of them.",
    (
        Stage(
            (chapter_file("catalog-dest-rule"), chapter_file("catalog-vs-v1")),
            (parts.GATEWAY,),
            (catalog(parts.ITEMS, only("v1")),),
        ),
    ),
)

HEADER: Final = Step(
    "header",
    "Requests of the internal cohort go to v2",
    "A release to a few chosen users: one header value is matched, every other one is not.",
    (
        Stage(
            (chapter_file("catalog-vs-v2-request"),),
            (parts.GATEWAY,),
            (
                catalog(parts.ITEMS_INTERNAL, only("v2")),
                catalog(parts.ITEMS, only("v1")),
                catalog(parts.ITEMS_EXTERNAL, only("v1")),
            ),
        ),
    ),
)

MESH_MIXED: Final = Step(
    "mesh-mixed",
    "webapp calls catalog, and both versions answer",
    "With all routing deleted, service to service traffic is spread over both versions.",
    (
        Stage(
            (parts.ROUTING_DELETED, parts.WEBAPP_WORKLOAD, parts.WEBAPP_ENTRANCE),
            parts.SHOP,
            (
                parts.workload("webapp", "webapp"),
                catalog(parts.SHOP_CATALOG, parts.BOTH_VERSIONS),
                unreachable(parts.ITEMS),
            ),
        ),
    ),
)

MESH_V1: Final = Step(
    "mesh-v1",
    "Inside the mesh, all traffic to catalog goes to v1",
    "A VirtualService bound to gateway `mesh` acts in every caller's sidecar.",
    (
        Stage(
            (chapter_file("catalog-vs-v1-mesh"), chapter_file("catalog-dest-rule")),
            parts.SHOP,
            (catalog(parts.SHOP_CATALOG, only("v1")),),
        ),
    ),
)

MESH_HEADER: Final = Step(
    "mesh-header",
    "Inside the mesh, requests of the internal cohort go to v2",
    "It works only because webapp passes the header on to catalog.",
    (
        Stage(
            (chapter_file("catalog-vs-v2-request-mesh"),),
            parts.SHOP,
            (
                catalog(parts.SHOP_CATALOG_INTERNAL, only("v2")),
                catalog(parts.SHOP_CATALOG, only("v1")),
            ),
        ),
    ),
)

MESH_WEIGHTS: Final = Step(
    "mesh-weights",
    "Inside the mesh, v2 gets a tenth of the traffic",
    "A canary by weight: 90 parts of a hundred stay on v1.",
    (
        Stage(
            (chapter_file("catalog-vs-v2-10-90-mesh"),),
            parts.SHOP,
            (catalog(parts.SHOP_CATALOG, parts.split(0.9, 0.1)),),
        ),
    ),
)

EGRESS_BLOCKED: Final = Step(
    "egress-blocked",
    "With REGISTRY_ONLY, forum cannot leave the mesh",
    "The same call succeeds first under ALLOW_ANY, so it is the policy that blocks it.",
    (
        Stage(
            (parts.ALLOW_ANY, parts.FORUM_WORKLOAD),
            parts.WHOLE_SHOP,
            (parts.workload("forum", "forum"), users("users", control=True)),
        ),
        Stage((parts.REGISTRY_ONLY,), parts.WHOLE_SHOP, (users("blocked"),)),
    ),
)

EGRESS_ALLOWED: Final = Step(
    "egress-allowed",
    "A ServiceEntry lets forum reach the one host it needs",
    "The outside host becomes part of the registry; everything else stays blocked.",
    (Stage((chapter_file("forum-serviceentry"),), parts.WHOLE_SHOP, (users("users"),)),),
)

MESH_HALF: Final = Step(
    "mesh-half",
    "Inside the mesh, both versions get half of the traffic",
    "The canary grows: the same rule with other weights.",
    (
        Stage(
            (chapter_file("catalog-vs-v2-50-50-mesh"),),
            parts.WHOLE_SHOP,
            (catalog(parts.SHOP_CATALOG, parts.split(0.5, 0.5)),),
        ),
    ),
)

MIRROR: Final = Step(
    "mirror",
    "v1 answers everything, and v2 gets a copy of every request",
    "Real traffic tries the new version out, and no client sees its answers.",
    (
        Stage(
            (chapter_file("catalog-vs-v2-mirror"),),
            parts.WHOLE_SHOP,
            (
                MirrorCheck(
                    catalog(parts.SHOP_CATALOG, only("v1"), parts.COPIED),
                    parts.CATALOG_V1,
                    parts.CATALOG_V2,
                    "/items",
                ),
            ),
        ),
    ),
)

STEPS: Final = (
    INSTALL, DEPLOY, GATEWAY, ALL_V1, HEADER, MESH_MIXED, MESH_V1, MESH_HEADER, MESH_WEIGHTS,
    EGRESS_BLOCKED, EGRESS_ALLOWED, MESH_HALF, MIRROR,
)  # fmt: skip
FOUNDATIONS: Final = (INSTALL.id, DEPLOY.id)
"""If one of these fails, nothing after it can mean anything."""
