"""Kubernetes and Istio objects for tests: from YAML text, or by the few facts that matter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from harness.local.store import ALL, Object, Resource, Store, kinds

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE = "istioinaction"
INGRESS_PORTS = [{"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30080}]


def parse(text: str) -> list[tuple[Resource, dict[str, Any]]]:
    """The documents of a YAML text with their kinds; namespace istioinaction unless written."""
    found = []
    for document in yaml.safe_load_all(text):
        if document is None:
            continue
        resource = next(r for r in ALL if r.kind == document["kind"])
        if resource.namespaced:
            document["metadata"].setdefault("namespace", NAMESPACE)
        found.append((resource, document))
    return found


def apply(store: Store, text: str) -> list[Object]:
    """Create or replace every document."""
    stored = []
    for resource, obj in parse(text):
        metadata = obj["metadata"]
        known = store.find(resource, metadata.get("namespace", ""), metadata["name"])
        stored.append(store.update(resource, obj) if known else store.create(resource, obj))
    return stored


def empty_store() -> Store:
    """A store with the namespaces and the ingress gateway's Service.

    Every object is a second younger than the one before: age decides between Istio objects.
    """
    seconds = itertools.count()
    store = Store(now=lambda: START + timedelta(seconds=next(seconds)))
    for name in ("istio-system", NAMESPACE, "other"):
        store.create(kinds.NAMESPACES, {"metadata": {"name": name}})
    add_service(
        store,
        "istio-ingressgateway",
        INGRESS_PORTS,
        namespace="istio-system",
        selector={"istio": "ingressgateway"},
    )
    return store


def add_service(
    store: Store,
    name: str,
    ports: Iterable[Mapping[str, Any]],
    *,
    namespace: str = NAMESPACE,
    selector: Mapping[str, str] | None = None,
    cluster_ip: str = "",
) -> None:
    """A Service."""
    spec = {"ports": list(ports), "selector": dict(selector or {"app": name})}
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    metadata = {"name": name, "namespace": namespace}
    store.create(kinds.SERVICES, {"metadata": metadata, "spec": spec})


def add_pod(store: Store, name: str, labels: Mapping[str, str], namespace: str = NAMESPACE) -> None:
    """A pod, for its labels."""
    metadata = {"name": name, "namespace": namespace, "labels": dict(labels)}
    store.create(kinds.PODS, {"metadata": metadata, "spec": {}})


def endpoint_slice(
    service: str,
    port: int,
    members: Mapping[str, str],
    *,
    namespace: str = NAMESPACE,
    port_name: str = "",
    not_ready: Iterable[str] = (),
) -> dict[str, Any]:
    """An EndpointSlice; ``members`` maps pod names to addresses."""
    return {
        "metadata": {
            "name": f"{service}-{port}",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": pod not in not_ready},
                "targetRef": {"kind": "Pod", "name": pod, "namespace": namespace},
            }
            for pod, address in members.items()
        ],
    }


def add_endpoints(store: Store, *arguments: Any, **options: Any) -> None:
    """Store an ``endpoint_slice``."""
    store.create(kinds.ENDPOINT_SLICES, endpoint_slice(*arguments, **options))
