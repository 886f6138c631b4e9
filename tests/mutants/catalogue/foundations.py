"""Mutants of the applications, their Service, and the way in."""

from __future__ import annotations

from tests.mutants.catalogue.texts import (
    BOTH,
    CATALOG_IMAGE,
    GATEWAY,
    NC,
    NOT_INJECTED,
    POD_LABELS_V1,
    SERVICE,
    SHOWS_IMAGES,
    UH,
    V1_DEPLOYMENT,
    V2_DEPLOYMENT,
)
from tests.mutants.mutant import Append, Edit, Mutant, Sabotage

DEPLOY_MUTANTS = (
    Mutant(
        "stale-gateway",
        "a gateway of an earlier try is still there",
        ("deploy",),
        "Gateway catalog-gateway admits host catalog.istioinaction.io and VirtualService "
        "catalog-vs-from-gw routes it",
        (Append(SERVICE, GATEWAY), Append(SERVICE, BOTH)),
        ("install",),
    ),
    Mutant(
        "not-ready",
        "catalog's readiness probe asks for a path that does not exist",
        ("deploy",),
        r"pod catalog-\w+-\w+: container catalog runs and is not ready \(.*404",
        (
            Edit(
                V1_DEPLOYMENT,
                "readinessProbe:\n            httpGet:\n              path: /healthz",
                "readinessProbe:\n            httpGet:\n              path: /health",
            ),
        ),
        ("install",),
    ),
    Mutant(
        "unknown-image",
        "catalog's image does not exist",
        ("deploy",),
        r"pod catalog-\w+-\w+: container catalog is waiting: (ErrImagePull|ImagePullBackOff)",
        (Edit(V1_DEPLOYMENT, "istioinaction/catalog:", "istioinaction/catalogue:"),),
    ),
    Mutant(
        "crashing-app",
        "catalog v2 ends as soon as it starts",
        ("deploy",),
        r"pod catalog-v2-\w+-\w+: container catalog (is|runs)",
        (Edit(V2_DEPLOYMENT, CATALOG_IMAGE, CATALOG_IMAGE + '          command: ["false"]\n'),),
    ),
    Mutant(
        "no-sidecar",
        "catalog's pod opts out of injection",
        ("deploy",),
        r"pod catalog-\w+-\w+ has no container istio-proxy: its label sidecar.istio.io/inject",
        (Edit(V1_DEPLOYMENT, POD_LABELS_V1, NOT_INJECTED),),
    ),
    Mutant(
        "no-replicas",
        "catalog v1 is scaled to nothing",
        ("deploy",),
        "Deployment catalog asks for 0 replicas",
        (Edit(V1_DEPLOYMENT, "replicas: 1", "replicas: 0"),),
    ),
)

GATEWAY_MUTANTS = (
    Mutant(
        "v2-without-images",
        "catalog v2 sends no images",
        ("gateway",),
        r"pod catalog-v2-\S+ is labelled version=v2 and answers as v1: .* no SHOW_IMAGE",
        (Edit(V2_DEPLOYMENT, SHOWS_IMAGES, ""),),
        ("deploy",),
    ),
    Mutant(
        "v1-with-images",
        "catalog v1 sends images",
        ("gateway", "all-v1"),
        r"pod catalog-\S+ is labelled version=v1 and answers as v2: .*SHOW_IMAGE=true",
        (Edit(V1_DEPLOYMENT, CATALOG_IMAGE, CATALOG_IMAGE + SHOWS_IMAGES),),
        ("deploy",),
    ),
    Mutant(
        "service-of-one-version",
        "the Service selects v1 only",
        ("gateway",),
        "Service catalog has no ready endpoint of version v2",
        (Edit(SERVICE, "  selector:\n", "  selector:\n    version: v1\n"),),
        ("deploy",),
    ),
    Mutant(
        "service-of-nobody",
        "the Service's selector is misspelt",
        ("gateway",),
        f"Service catalog selects pods labelled app=catalogue, and there is none: .*{UH}",
        (Edit(SERVICE, "selector:\n    app: catalog", "selector:\n    app: catalogue"),),
        ("deploy",),
    ),
    Mutant(
        "service-target-port",
        "the Service's target port has a name that no container has",
        ("gateway",),
        f"Service catalog has no ready endpoint: its targetPort web names no port of pod .*{UH}",
        (Edit(SERVICE, "targetPort: http", "targetPort: web"),),
        ("deploy",),
    ),
    Mutant(
        "gateway-selector",
        "the Gateway selects proxies that do not exist",
        ("gateway",),
        "Gateway catalog-gateway selects proxies labelled istio=egressgateway, and no pod is",
        (Edit(GATEWAY, "istio: ingressgateway", "istio: egressgateway"),),
    ),
    Mutant(
        "gateway-host",
        "the Gateway admits another host",
        ("gateway",),
        r"no Gateway admits host catalog\.istioinaction\.io .*404 NR",
        (Edit(GATEWAY, "catalog.istioinaction.io", "catalog.istioinaction.org"),),
    ),
    Mutant(
        "vs-host",
        "the VirtualService is for another host",
        ("gateway",),
        r"no VirtualService bound to it routes that host \(VirtualService catalog-vs-from-gw is "
        r"for shop\.istioinaction\.io",
        (Edit(BOTH, "catalog.istioinaction.io", "shop.istioinaction.io"),),
    ),
    Mutant(
        "vs-other-gateway",
        "the VirtualService is bound to a gateway that does not exist",
        ("gateway",),
        "VirtualService catalog-vs-from-gw .* bound to istioinaction/catalog-gatway instead of "
        "Gateway catalog-gateway",
        (Edit(BOTH, "- catalog-gateway", "- catalog-gatway"),),
    ),
    Mutant(
        "vs-mesh-only",
        "the VirtualService names no gateway, which means mesh",
        ("gateway",),
        "VirtualService catalog-vs-from-gw .* bound to mesh instead of Gateway catalog-gateway",
        (Edit(BOTH, "  gateways:\n    - catalog-gateway\n", ""),),
    ),
    Mutant(
        "vs-destination",
        "the destination is no service",
        ("gateway",),
        f"VirtualService catalog-vs-from-gw routes to host catalogue.*no service: .*{NC}",
        (Edit(BOTH, "host: catalog", "host: catalogue"),),
    ),
    Mutant(
        "vs-port",
        "the destination's port does not exist",
        ("gateway",),
        f"VirtualService catalog-vs-from-gw routes to port 8080 .*only port 80: .*{NC}",
        (
            Edit(
                BOTH,
                "host: catalog",
                "host: catalog\n            port:\n              number: 8080",
            ),
        ),
    ),
    Mutant(
        "closed-ingress",
        "the harness looks for the ingress at a port where nothing listens",
        ("gateway",),
        "the ingress refused [0-9,]+ of [0-9,]+ connections",
        sabotage=Sabotage.CLOSED_INGRESS,
    ),
)
