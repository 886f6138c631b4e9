"""Mutants of webapp and of the rules inside the mesh."""

from __future__ import annotations

from tests.mutants.catalogue.texts import (
    API_VERSION,
    BOTH,
    BROKEN_WEBAPP,
    ENTRANCE,
    FALLBACK,
    GATEWAY,
    HIDING,
    INTERNAL_MATCH,
    MESH_HEADER,
    MESH_V1,
    WEBAPP,
    WEBAPP_IMAGE,
)
from tests.mutants.mutant import Append, Edit, Mutant, Sabotage

MESH_MUTANTS = (
    Mutant(
        "gateway-left",
        "catalog's own gateway is still there when only webapp should be reachable",
        ("mesh-mixed",),
        "Gateway catalog-gateway admits host catalog.istioinaction.io",
        (Append(ENTRANCE, GATEWAY), Append(ENTRANCE, BOTH)),
    ),
    Mutant(
        "webapp-wrong-upstream",
        "webapp calls a service that does not exist",
        ("mesh-mixed",),
        r"pod webapp-\S+ called host catalogue.istioinaction \d+ times, which is no service",
        (Edit(WEBAPP, "value: catalog.istioinaction", "value: catalogue.istioinaction"),),
    ),
    Mutant(
        "webapp-entrance",
        "webapp's VirtualService is bound to the wrong gateway",
        ("mesh-mixed",),
        "VirtualService webapp-virtualservice .* instead of Gateway coolstore-gateway",
        (Edit(ENTRANCE, "    - coolstore-gateway", "    - catalog-gateway"),),
    ),
    Mutant(
        "mesh-not-bound",
        "the mesh rule is bound to a gateway only",
        ("mesh-v1",),
        "VirtualService catalog for host catalog.* is bound to istioinaction/coolstore-gateway and "
        "not to mesh",
        (Edit(MESH_V1, "- mesh", "- coolstore-gateway"),),
        ("mesh-mixed",),
    ),
    Mutant(
        "mesh-host",
        "the mesh rule is for another host",
        ("mesh-v1",),
        r"no VirtualService is for host catalog\..* \(VirtualService catalog is for catalogue\)",
        (Edit(MESH_V1, "  hosts:\n    - catalog\n", "  hosts:\n    - catalogue\n"),),
    ),
    Mutant(
        "mesh-hidden",
        "an older VirtualService for the same host wins",
        ("mesh-v1",),
        "VirtualService a-forgotten-one",
        (Edit(MESH_V1, API_VERSION, HIDING),),
    ),
    Mutant(
        "mesh-other-version",
        "the mesh rule routes to v2",
        ("mesh-v1",),
        "VirtualService catalog sends 100% to subset version-v2",
        (Edit(MESH_V1, "version-v1", "version-v2"),),
    ),
    Mutant(
        "frozen-sidecar",
        "webapp's sidecar never receives the update",
        ("mesh-v1",),
        r"the sidecar proxy of pod webapp-\S+ never took the change",
        sabotage=Sabotage.FREEZE_WEBAPP_PROXY,
    ),
    Mutant(
        "deaf-webapp",
        "webapp drops the x-* headers",
        ("mesh-header",),
        r"webapp does not pass header x-istio-cohort on: the sidecar of pod webapp-\S+ sent \d+ "
        "calls to subset version-v1",
        (
            Edit(WEBAPP, WEBAPP_IMAGE + "          imagePullPolicy: IfNotPresent\n          env:\n",
                 WEBAPP_IMAGE + BROKEN_WEBAPP),
        ),
        ("mesh-v1",),
    ),
    Mutant(
        "mesh-header-case",
        "the mesh rule's value is capitalised",
        ("mesh-header",),
        "does not match .*exact 'Internal'",
        (Edit(MESH_HEADER, "exact: internal", "exact: Internal"),),
    ),
    Mutant(
        "mesh-order",
        "the catch-all stands before the match",
        ("mesh-header",),
        "rule 1 of VirtualService catalog takes every request, so rule 2 .*is never reached",
        (Edit(MESH_HEADER, INTERNAL_MATCH + FALLBACK, FALLBACK + INTERNAL_MATCH),),
    ),
)  # fmt: skip
