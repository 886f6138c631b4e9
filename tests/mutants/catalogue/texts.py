"""Files that mutants change, and pieces of their texts."""

from __future__ import annotations

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
FAULTS = "ch5/resilience/catalog-vs-faults.yaml"
SLOW = "ch5/resilience/catalog-vs-slow.yaml"
RETRIES = "ch5/resilience/webapp-vs-retries.yaml"
TIMEOUT = "ch5/resilience/webapp-vs-timeout.yaml"
TIMEOUT_RETRIES = "ch5/resilience/webapp-vs-timeout-retries.yaml"

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
