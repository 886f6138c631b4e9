"""What is installed: the demo profile, as in the article, with a gateway that can be reached."""

from __future__ import annotations

from typing import Any, Final

import yaml

HTTP_PORT: Final = 8080
"""Port of the gateway's pod that its Service's port 80 leads to."""


def operator(node_port: int = 0) -> str:
    """An IstioOperator as YAML. With ``node_port`` the gateway's port 80 is reached by it.

    Access logs go to standard output: the mirror step counts them. The outbound policy is Istio's
    default, said aloud, so that it stands in the ConfigMap where the tutorial changes it. Source of
    the fields: istio.io, "IstioOperator Options".
    """
    mesh = {"accessLogFile": "/dev/stdout", "outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}
    spec: dict[str, Any] = {"profile": "demo", "meshConfig": mesh}
    if node_port:
        service = {
            "type": "NodePort",
            "ports": [
                {"name": "status-port", "port": 15021, "targetPort": 15021},
                {"name": "http2", "port": 80, "targetPort": HTTP_PORT, "nodePort": node_port},
                {"name": "https", "port": 443, "targetPort": 8443},
            ],
        }
        gateway = {"name": "istio-ingressgateway", "enabled": True, "k8s": {"service": service}}
        spec["components"] = {"ingressGateways": [gateway]}
    document = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec}
    return yaml.safe_dump(document, sort_keys=False)
