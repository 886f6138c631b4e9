"""What an installation of Istio leaves in a cluster, as objects: pure data from the settings.

Names, labels and ports follow ``istioctl install --set profile=demo``
(source: istio/istio manifests/charts/gateways/istio-ingress and istio-control).
"""

from __future__ import annotations

from typing import Any, Final

from harness.local.contracts import MESH_CONFIG_MAP, PROXY_CONTAINER, ROOT_NAMESPACE
from harness.local.store import Resource, kinds

GATEWAY: Final = "istio-ingressgateway"
MESH_CONFIG: Final = """\
accessLogFile: /dev/stdout
outboundTrafficPolicy:
  mode: ALLOW_ANY
"""


def namespaces() -> list[tuple[Resource, dict[str, Any]]]:
    """Namespaces that exist from the start."""
    names = ("default", "kube-system", "kube-public", ROOT_NAMESPACE)
    return [(kinds.NAMESPACES, {"metadata": {"name": name}}) for name in names]


def istio(ingress_port: int, release: str) -> list[tuple[Resource, dict[str, Any]]]:
    """Mesh configuration and the ingress gateway; ``ingress_port`` is its NodePort."""
    labels = {"app": GATEWAY, "istio": "ingressgateway"}
    metadata = {"name": GATEWAY, "namespace": ROOT_NAMESPACE, "labels": labels}
    container = {
        "name": PROXY_CONTAINER,
        "image": f"docker.io/istio/proxyv2:{release}",
        "ports": [{"name": "http2", "containerPort": 8080, "protocol": "TCP"}],
    }
    service: dict[str, Any] = {
        "metadata": metadata,
        "spec": {
            "type": "LoadBalancer",
            "selector": labels,
            "ports": [{"name": "http2", "port": 80, "targetPort": 8080, "nodePort": ingress_port}],
        },
        "status": {"loadBalancer": {}},
    }
    if ingress_port == 80:
        service["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    return [
        (
            kinds.CONFIG_MAPS,
            {
                "metadata": {"name": MESH_CONFIG_MAP, "namespace": ROOT_NAMESPACE},
                "data": {"mesh": MESH_CONFIG, "meshNetworks": "networks: {}"},
            },
        ),
        (kinds.SERVICES, service),
        (
            kinds.DEPLOYMENTS,
            {
                "metadata": metadata,
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": {**labels, "sidecar.istio.io/inject": "false"}},
                        "spec": {"containers": [container]},
                    },
                },
            },
        ),
    ]
