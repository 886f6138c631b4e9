"""Evidence of a healthy shop made from the repository's manifests, and ways to break it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from harness.diagnosis import Evidence
from harness.model import CheckResult
from harness.repository import ROOT

NAMESPACE = "istioinaction"
FIELDS = {
    "Gateway": "gateways",
    "VirtualService": "virtual_services",
    "DestinationRule": "destination_rules",
    "ServiceEntry": "service_entries",
    "Service": "services",
    "Deployment": "deployments",
}
SHOP = (
    "services/catalog/kubernetes/catalog-svc.yaml",
    "services/catalog/kubernetes/catalog-deployment.yaml",
    "services/catalog/kubernetes/catalog-deployment-v2.yaml",
    "services/webapp/kubernetes/webapp.yaml",
    "services/forum/kubernetes/forum-all.yaml",
    "services/webapp/istio/webapp-catalog-gw-vs.yaml",
)


def shop(*files: str, **changes: Any) -> Evidence:
    """The shop with these chapter files applied; ``changes`` replace fields of the evidence."""
    paths = (*SHOP, *(f"ch5/{file}.yaml" for file in files))
    texts = [(ROOT / path).read_text() for path in paths]
    found: dict[str, list[dict[str, Any]]] = {}
    for text in texts:
        for obj in filter(None, yaml.safe_load_all(text)):
            obj["metadata"].setdefault("namespace", NAMESPACE)
            if field := FIELDS.get(obj["kind"]):
                found.setdefault(field, []).append(obj)
    pods = (
        pod("istio-ingressgateway-1", "istio-system", istio="ingressgateway"),
        pod("catalog-1", app="catalog", version="v1"),
        pod("catalog-v2-1", images="true", app="catalog", version="v2"),
        pod("webapp-1", app="webapp"),
        pod("forum-1", app="forum"),
    )
    slices = (
        endpoints("catalog", "catalog-1", "catalog-v2-1"),
        endpoints("webapp", "webapp-1"),
        endpoints("forum", "forum-1"),
    )
    fields = {field: tuple(objects) for field, objects in found.items()}
    return replace(Evidence(pods=pods, slices=slices, **fields), **changes)  # type: ignore[arg-type]


def pod(name: str, namespace: str = NAMESPACE, images: str = "", **labels: str) -> dict[str, Any]:
    """A ready pod; ``images`` is its SHOW_IMAGE."""
    app = labels.get("app", "")
    env = [{"name": "SHOW_IMAGE", "value": images}] if images else []
    names = [app, "istio-proxy"] if app else ["istio-proxy"]
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": one, "env": env} for one in names]},
        "status": {
            "containerStatuses": [
                {"name": one, "ready": True, "state": {"running": {}}} for one in names
            ]
        },
    }


def endpoints(service: str, *pods: str, ready: bool = True) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{service}-x",
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": [
            {"conditions": {"ready": ready}, "targetRef": {"name": name}} for name in pods
        ],
    }


def result(**counts: int) -> CheckResult:
    """A failed check that saw these answers."""
    return CheckResult("r", "e", sum(counts.values()), counts, False, 0.0, 0.0, "reason")


def access(path: str, code: int, cluster: str, flags: str = "-", details: str = "via_upstream",
           times: int = 1) -> str:  # fmt: skip
    """Lines as Istio's default format has them."""
    line = (
        f'[2026-01-02T03:04:05.678Z] "GET {path} HTTP/1.1" {code} {flags} {details} - "-" 0 9 2 1 '
        f'"-" "curl/8" "id" "host" "127.0.0.1:1" {cluster} - 127.0.0.1:2 127.0.0.1:3 - default\n'
    )
    return line * times
