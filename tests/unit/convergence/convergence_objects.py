"""The shop as the API would return it: services, pods and endpoints, and the chapter's objects."""

from __future__ import annotations

from typing import Any

import yaml

from harness.convergence.model import Proxy, Role
from harness.convergence.registry import Registry, registry
from harness.repository import ROOT

NAMESPACE = "istioinaction"
V1, V2, WEBAPP = "127.77.0.5", "127.77.0.6", "127.77.0.7"
PLURALS = {
    "Gateway": "gateways",
    "VirtualService": "virtual_services",
    "DestinationRule": "destination_rules",
    "ServiceEntry": "service_entries",
}

GATEWAY = Proxy(
    "istio-system",
    "istio-ingressgateway-7d9f-abcde",
    Role.GATEWAY,
    {"app": "istio-ingressgateway", "istio": "ingressgateway"},
    {},
)
SIDECAR = Proxy(NAMESPACE, "webapp-6f7c-xyz12", Role.SIDECAR, {"app": "webapp"}, {})


def service(name: str, target: int, namespace: str = NAMESPACE, **selector: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": selector or {"app": name},
            "ports": [{"name": "http", "port": 80, "targetPort": target}],
        },
    }


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}}


def endpoint_slice(name: str, port: int, **addresses: str) -> dict[str, Any]:
    """``addresses``: pod name (with _ for -) → IP; a leading ! means not ready."""
    return {
        "metadata": {
            "name": f"{name}-abc12",
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": name},
        },
        "ports": [{"name": "http", "port": port}],
        "endpoints": [
            {
                "addresses": [address.lstrip("!")],
                "conditions": {"ready": not address.startswith("!")},
                "targetRef": {"kind": "Pod", "name": pod_name.replace("_", "-")},
            }
            for pod_name, address in addresses.items()
        ],
    }


def chapter(*paths: str, **extra: Any) -> Registry:
    """The cluster after these manifests, applied in this order, one a second."""
    found: dict[str, list[dict[str, Any]]] = {plural: [] for plural in PLURALS.values()}
    for age, path in enumerate(paths):
        for document in yaml.safe_load_all((ROOT / path).read_text()):
            put(found, document, age)
    for age, document in enumerate(extra.pop("objects", []), len(paths)):
        put(found, document, age)
    catalog = {"catalog_v1": V1, "catalog_v2": V2} | extra.pop("catalog", {})
    return registry(
        services=[
            service("catalog", 3000),
            service("webapp", 8080),
            service("istio-ingressgateway", 8080, "istio-system", istio="ingressgateway"),
        ],
        slices=[
            endpoint_slice("catalog", 3000, **catalog),
            endpoint_slice("webapp", 8080, w=WEBAPP),
        ],
        pods=[
            pod("catalog-v1", app="catalog", version="v1"),
            pod("catalog-v2", app="catalog", version="v2"),
            pod("w", app="webapp"),
        ],
        mesh=extra.pop("mesh", "outboundTrafficPolicy:\n  mode: ALLOW_ANY\n"),
        **found,
    )


def put(found: dict[str, list[dict[str, Any]]], document: dict[str, Any], age: int) -> None:
    document["metadata"].setdefault("namespace", NAMESPACE)
    document["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:{age:02}Z"
    same = found[PLURALS[document["kind"]]]
    same[:] = [o for o in same if o["metadata"]["name"] != document["metadata"]["name"]]
    same.append(document)


def virtual_service(name: str, hosts: list[str], http: list[Any], gateways: Any = None) -> Any:
    spec: dict[str, Any] = {"hosts": hosts, "http": http}
    if gateways:
        spec["gateways"] = gateways
    return {"kind": "VirtualService", "metadata": {"name": name}, "spec": spec}


def to(host: str, subset: str = "", weight: int | None = None) -> dict[str, Any]:
    destination = {"host": host} | ({"subset": subset} if subset else {})
    return {"destination": destination} | ({} if weight is None else {"weight": weight})
