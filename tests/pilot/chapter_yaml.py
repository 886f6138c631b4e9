"""The Istio objects of the chapter, as the article prints them."""

GATEWAY = """
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: catalog-gateway}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: [catalog.istioinaction.io]
"""

_FROM_GATEWAY = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: catalog-vs-from-gw}
spec:
  hosts: [catalog.istioinaction.io]
  gateways: [catalog-gateway]
  http:
"""

_MESH = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: catalog}
spec:
  hosts: [catalog]
  gateways: [mesh]
  http:
"""

_TO_V1 = """
  - route:
    - destination: {host: catalog, subset: version-v1}
"""

_INTERNAL_TO_V2 = """
  - match:
    - headers: {x-istio-cohort: {exact: internal}}
    route:
    - destination: {host: catalog, subset: version-v2}
"""

VS = _FROM_GATEWAY + "  - route: [{destination: {host: catalog}}]\n"
VS_V1 = _FROM_GATEWAY + _TO_V1
VS_V2_REQUEST = _FROM_GATEWAY + _INTERNAL_TO_V2 + _TO_V1
MESH_V1 = _MESH + _TO_V1
MESH_V2_REQUEST = _MESH + _INTERNAL_TO_V2 + _TO_V1
MESH_MIRROR = (
    _MESH
    + """
  - route:
    - destination: {host: catalog, subset: version-v1}
      weight: 100
    mirror: {host: catalog, subset: version-v2}
"""
)

DESTINATION_RULE = """
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: catalog}
spec:
  host: catalog.istioinaction.svc.cluster.local
  subsets:
  - name: version-v1
    labels: {version: v1}
  - name: version-v2
    labels: {version: v2}
"""

SERVICE_ENTRY = """
apiVersion: networking.istio.io/v1alpha3
kind: ServiceEntry
metadata: {name: jsonplaceholder}
spec:
  hosts: [jsonplaceholder.typicode.com]
  ports:
  - {number: 80, name: http, protocol: HTTP}
  resolution: DNS
  location: MESH_EXTERNAL
"""

ALL = (
    GATEWAY, VS, VS_V1, VS_V2_REQUEST, MESH_V1, MESH_V2_REQUEST, MESH_MIRROR, DESTINATION_RULE,
    SERVICE_ENTRY,
)  # fmt: skip


def mesh_weights(v1: int, v2: int) -> str:
    """catalog-vs-v2-10-90-mesh and its like."""
    return (
        _MESH
        + f"""
  - route:
    - destination: {{host: catalog, subset: version-v1}}
      weight: {v1}
    - destination: {{host: catalog, subset: version-v2}}
      weight: {v2}
"""
    )


def mesh_config(mode: str) -> str:
    """The ConfigMap of the mesh's settings."""
    return f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data:
  mesh: |
    accessLogFile: /dev/stdout
    outboundTrafficPolicy: {{mode: {mode}}}
"""
