"""All mutants, in the chapter's order."""

from __future__ import annotations

from dataclasses import replace

from harness.chapter import parts
from harness.model import Request, Stage, Step, TrafficCheck
from tests.mutants.mutant import Append, Edit, Mutant, Sabotage

V1_DEPLOYMENT = "services/catalog/kubernetes/catalog-deployment.yaml"
V2_DEPLOYMENT = "services/catalog/kubernetes/catalog-deployment-v2.yaml"
SERVICE = "services/catalog/kubernetes/catalog-svc.yaml"
WEBAPP = "services/webapp/kubernetes/webapp.yaml"
ENTRANCE = "services/webapp/istio/webapp-catalog-gw-vs.yaml"
FORUM = "services/forum/kubernetes/forum-all.yaml"
GATEWAY = "ch5/catalog-gateway.yaml"
BOTH = "ch5/catalog-vs.yaml"
RULE = "ch5/catalog-dest-rule.yaml"
ONLY_V1 = "ch5/catalog-vs-v1.yaml"
HEADER = "ch5/catalog-vs-v2-request.yaml"
MESH_V1 = "ch5/catalog-vs-v1-mesh.yaml"
MESH_HEADER = "ch5/catalog-vs-v2-request-mesh.yaml"
TENTH = "ch5/catalog-vs-v2-10-90-mesh.yaml"
HALF = "ch5/catalog-vs-v2-50-50-mesh.yaml"
MIRROR = "ch5/catalog-vs-v2-mirror.yaml"
ENTRY = "ch5/forum-serviceentry.yaml"

CATALOG_IMAGE = "          image: istioinaction/catalog:1.0.0\n"
WEBAPP_IMAGE = "          image: istioinaction/webapp:1.0.0\n"
SHOWS_IMAGES = """          env:
            - name: SHOW_IMAGE
              value: "true"
"""
GUNICORN = '          command: ["gunicorn", "-c", "gunicorn.conf.py", "'
BROKEN_CATALOG = f"""{GUNICORN}broken_catalog:create_app()"]
          env:
            - name: PYTHONPATH
              value: "{{apps}}"
"""
BROKEN_WEBAPP = f"""{GUNICORN}broken_webapp:create_app()"]
          env:
            - name: PYTHONPATH
              value: "{{apps}}"
"""
POD_LABELS_V1 = "      labels:\n        app: catalog\n        version: v1\n    spec:"
NOT_INJECTED = (
    "      labels:\n        app: catalog\n        version: v1\n"
    '        sidecar.istio.io/inject: "false"\n    spec:'
)
INTERNAL_MATCH = """    - match:
        - headers:
            x-istio-cohort:
              exact: internal
      route:
        - destination:
            host: catalog
            subset: version-v2
"""
FALLBACK = """    - route:
        - destination:
            host: catalog
            subset: version-v1
"""
MATCH_ONLY = """    - match:
        - headers:
            x-istio-cohort:
              exact: internal
      route:
"""
HIDING = """apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: a-forgotten-one
spec:
  hosts:
    - catalog
  http:
    - route:
        - destination:
            host: catalog
            subset: version-v2
---
apiVersion: networking.istio.io/v1alpha3
"""
API_VERSION = "apiVersion: networking.istio.io/v1alpha3\n"
NC, UH = "503 NC", "503 UH"


def policy_left_open(step: Step) -> Step:
    """The mesh stays as ALLOW_ANY as it was."""
    control, blocked = step.stages
    return replace(step, stages=(control, replace(blocked, actions=(parts.ALLOW_ANY,))))


def misspelt_client(step: Step) -> Step:
    """The client's header has another name than the rule's."""
    return _with_request(step, {"x-istio-kohort": "internal"})


def shouting_client(step: Step) -> Step:
    """The client's header value is in upper case."""
    return _with_request(step, {"x-istio-cohort": "INTERNAL"})


def _with_request(step: Step, headers: dict[str, str]) -> Step:
    (stage,) = step.stages
    first, *others = stage.checks
    assert isinstance(first, TrafficCheck)
    wrong = Request(first.request.path, first.request.host, headers)
    checks = (replace(first, request=wrong), *others)
    return replace(step, stages=(Stage(stage.actions, stage.proxies, checks),))


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

SUBSET_MUTANTS = (
    Mutant(
        "rule-subset-misspelt",
        "the DestinationRule misspells subset version-v1",
        ("all-v1",),
        "DestinationRule catalog defines no subset version-v1, which VirtualService "
        f"catalog-vs-from-gw routes to .*{NC}",
        (Edit(RULE, "name: version-v1", "name: version-1"),),
        ("gateway",),
    ),
    Mutant(
        "vs-subset-misspelt",
        "the VirtualService routes to subset version-v3",
        ("all-v1",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(ONLY_V1, "version-v1", "version-v3"),),
    ),
    Mutant(
        "rule-subset-missing",
        "the DestinationRule has no subset for v2",
        ("header",),
        f"DestinationRule catalog defines no subset version-v2, .*{NC}",
        (Edit(RULE, "    - name: version-v2\n      labels:\n        version: v2\n", ""),),
        ("all-v1",),
    ),
    Mutant(
        "rule-labels-swapped",
        "the subsets' labels are swapped",
        ("all-v1", "header"),
        r"DestinationRule catalog's subset version-v(1 selects pods labelled version=v2|2 selects "
        "pods labelled version=v1)",
        (
            Edit(RULE, "version: v1", "version: v0"),
            Edit(RULE, "version: v2", "version: v1"),
            Edit(RULE, "version: v0", "version: v2"),
        ),
        ("gateway",),
    ),
    Mutant(
        "rule-labels-nobody",
        "subset version-v1 selects a label that no pod has",
        ("all-v1",),
        f"subset version-v1 selects pods labelled version=v1.0, and Service catalog has none: "
        f".*{UH}",
        (Edit(RULE, "version: v1", "version: v1.0"),),
    ),
    Mutant(
        "rule-host",
        "the DestinationRule is for another host",
        ("all-v1",),
        f"no DestinationRule for host catalog.istioinaction.svc.cluster.local defines .*{NC}",
        (Edit(RULE, "host: catalog.", "host: catalogue."),),
    ),
    Mutant(
        "rule-unknown-field",
        "the manifest has a field that Istio does not know",
        ("all-v1",),
        "catalog-vs-v1.yaml: VirtualService 'catalog-vs-from-gw' was refused: .*subsett",
        (Edit(ONLY_V1, "subset:", "subsett:"),),
    ),
    Mutant(
        "other-version",
        "the VirtualService routes to v2 instead of v1",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 100% to subset version-v2 .*wanted 100% v1",
        (Edit(ONLY_V1, "version-v1", "version-v2"),),
    ),
    Mutant(
        "no-subset",
        "the VirtualService names no subset",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 100% to catalog.*50% v1 and 50% v2",
        (Edit(ONLY_V1, "            subset: version-v1\n", ""),),
    ),
    Mutant(
        "leak",
        "two requests of a hundred still go to v2",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 98% to subset version-v1 and 2% to subset "
        "version-v2",
        (
            Edit(
                ONLY_V1,
                "            subset: version-v1\n",
                "            subset: version-v1\n          weight: 98\n        - destination:\n"
                "            host: catalog\n            subset: version-v2\n          weight: 2\n",
            ),
        ),
    ),
    Mutant(
        "failing-app",
        "catalog v1 answers 500 to 2% of the requests",
        ("all-v1",),
        r"pod catalog-\S+ itself answered 500 to \d+ of \d+ requests",
        (Edit(V1_DEPLOYMENT, CATALOG_IMAGE, CATALOG_IMAGE + BROKEN_CATALOG),),
        ("deploy",),
    ),
)

HEADER_MUTANTS = (
    Mutant(
        "header-name",
        "the rule matches another header",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw does not match .*asks for header "
        "x-istio-cohorts",
        (Edit(HEADER, "x-istio-cohort:", "x-istio-cohorts:"),),
        ("all-v1",),
    ),
    Mutant(
        "header-value",
        "the rule matches another value",
        ("header",),
        "does not match .*exact 'interns', and the request says 'internal'",
        (Edit(HEADER, "exact: internal", "exact: interns"),),
    ),
    Mutant(
        "header-case",
        "the rule's value is capitalised",
        ("header",),
        "does not match .*exact 'Internal', and the request says 'internal'",
        (Edit(HEADER, "exact: internal", "exact: Internal"),),
    ),
    Mutant(
        "header-too-wide",
        "the rule matches the external cohort too",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw .*takes .*external.*which should go on",
        (Edit(HEADER, "exact: internal", 'regex: ".*ternal"'),),
    ),
    Mutant(
        "header-reversed",
        "the two rules' targets are swapped",
        ("header",),
        "VirtualService catalog-vs-from-gw .*(sends 100% to|should go on)",
        (
            Edit(HEADER, "version-v2", "version-v0"),
            Edit(HEADER, "version-v1", "version-v2"),
            Edit(HEADER, "version-v0", "version-v1"),
        ),
    ),
    Mutant(
        "header-no-match",
        "the condition is missing, so everybody gets v2",
        ("header",),
        "VirtualService catalog-vs-from-gw sends 100% to subset version-v2",
        (Edit(HEADER, MATCH_ONLY, "    - route:\n"),),
    ),
    Mutant(
        "header-no-fallback",
        "there is no rule for everybody else",
        ("header",),
        "no rule of VirtualService catalog-vs-from-gw matches .*404 NR",
        (Edit(HEADER, FALLBACK, ""),),
    ),
    Mutant(
        "header-inverted",
        "the rule takes requests without the header's value",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw",
        (Edit(HEADER, "- headers:", "- withoutHeaders:"),),
    ),
    Mutant(
        "client-header-name",
        "the client misspells the header",
        ("header",),
        "asks for header x-istio-cohort exact 'internal', and the request has none",
        step=misspelt_client,
    ),
    Mutant(
        "client-header-case",
        "the client shouts the header's value",
        ("header",),
        "exact 'internal', and the request says 'INTERNAL'",
        step=shouting_client,
    ),
)

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

WEIGHT_MUTANTS = (
    Mutant(
        "weights-off",
        "the weights are 80 and 20",
        ("mesh-weights",),
        "VirtualService catalog sends 80% to subset version-v1 and 20% to subset version-v2 .*"
        "wanted 90% v1 and 10% v2",
        (Edit(TENTH, "weight: 90", "weight: 80"), Edit(TENTH, "weight: 10", "weight: 20")),
    ),
    Mutant(
        "weights-swapped",
        "the weights are swapped",
        ("mesh-weights",),
        "VirtualService catalog sends 10% to subset version-v1 and 90% to subset version-v2",
        (
            Edit(TENTH, "weight: 90", "weight: 9"),
            Edit(TENTH, "weight: 10", "weight: 90"),
            Edit(TENTH, "weight: 9\n", "weight: 10\n"),
        ),
    ),
    Mutant(
        "weights-no-canary",
        "the canary gets nothing",
        ("mesh-weights",),
        "VirtualService catalog sends 100% to subset version-v1 .*wanted 90% v1 and 10% v2",
        (Edit(TENTH, "weight: 10", "weight: 0"), Edit(TENTH, "weight: 90", "weight: 100")),
    ),
    Mutant(
        "weights-broken-canary",
        "the canary's subset does not exist, so a tenth of the calls fail",
        ("mesh-weights",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(TENTH, "version-v2", "version-v3"),),
    ),
    Mutant(
        "half-off",
        "the canary stays at a tenth",
        ("mesh-half",),
        "VirtualService catalog sends 90% to subset version-v1 and 10% .*wanted 50% v1 and 50% v2",
        (
            Edit(HALF, "version-v1\n          weight: 50", "version-v1\n          weight: 90"),
            Edit(HALF, "version-v2\n          weight: 50", "version-v2\n          weight: 10"),
        ),
    ),
    Mutant(
        "half-one-sided",
        "both halves go to v1",
        ("mesh-half",),
        "VirtualService catalog sends 50% to subset version-v1 and 50% to subset version-v1",
        (Edit(HALF, "version-v2", "version-v1"),),
    ),
)

EGRESS_MUTANTS = (
    Mutant(
        "policy-left-open",
        "ALLOW_ANY is left on",
        ("egress-blocked",),
        "outboundTrafficPolicy.mode is ALLOW_ANY",
        step=policy_left_open,
    ),
    Mutant(
        "entry-too-early",
        "the ServiceEntry is there before it should be",
        ("egress-blocked",),
        "ServiceEntry jsonplaceholder opens jsonplaceholder.typicode.com:80",
        (Append(FORUM, ENTRY),),
    ),
    Mutant(
        "entry-host",
        "the ServiceEntry is for another host",
        ("egress-allowed",),
        "ServiceEntry jsonplaceholder is for jsonplaceholder.example.com port 80, not for",
        (Edit(ENTRY, "jsonplaceholder.typicode.com", "jsonplaceholder.example.com"),),
        ("egress-blocked",),
    ),
    Mutant(
        "entry-port",
        "the ServiceEntry is for another port",
        ("egress-allowed",),
        "ServiceEntry jsonplaceholder is for jsonplaceholder.typicode.com port 8080, not for",
        (Edit(ENTRY, "number: 80", "number: 8080"),),
    ),
)

MIRROR_MUTANTS = (
    Mutant(
        "mirror-half",
        "only half of the requests are mirrored",
        ("mirror",),
        "VirtualService catalog mirrors 50% of the requests .*wanted 100%",
        (Edit(MIRROR, "value: 100", "value: 50"),),
    ),
    Mutant(
        "mirror-missing",
        "nothing is mirrored",
        ("mirror",),
        "VirtualService catalog mirrors nothing",
        (
            Edit(
                MIRROR,
                "      mirror:\n        host: catalog\n        subset: version-v2\n"
                "      mirrorPercentage:\n        value: 100\n",
                "",
            ),
        ),
    ),
    Mutant(
        "mirror-other-version",
        "v1 gets the copies",
        ("mirror",),
        "VirtualService catalog mirrors to subset version-v1",
        (Edit(MIRROR, "        subset: version-v2", "        subset: version-v1"),),
    ),
    Mutant(
        "mirror-no-subset",
        "the mirror's subset does not exist",
        ("mirror",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(MIRROR, "        subset: version-v2", "        subset: version-v3"),),
    ),
    Mutant(
        "mirror-reversed",
        "v2 answers, and v1 gets the copies",
        ("mirror",),
        "VirtualService catalog sends 100% to subset version-v2",
        (
            Edit(MIRROR, "version-v2", "version-v0"),
            Edit(MIRROR, "version-v1", "version-v2"),
            Edit(MIRROR, "version-v0", "version-v1"),
        ),
    ),
)

MUTANTS = (
    *DEPLOY_MUTANTS,
    *GATEWAY_MUTANTS,
    *SUBSET_MUTANTS,
    *HEADER_MUTANTS,
    *MESH_MUTANTS,
    *WEIGHT_MUTANTS,
    *EGRESS_MUTANTS,
    *MIRROR_MUTANTS,
)
CONTROL = Mutant("control", "nothing", (), "", walks=("install", "deploy", "gateway", "all-v1",
    "header", "mesh-mixed", "mesh-v1", "mesh-header", "mesh-weights", "egress-blocked",
    "egress-allowed", "mesh-half", "mirror"))  # fmt: skip
QUICK = ("vs-subset-misspelt", "header-case", "gateway-host")
"""Those that are part of `make test`."""
