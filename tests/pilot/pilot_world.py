"""A cluster for translation tests: services in two namespaces, asked without any Envoy."""

from __future__ import annotations

from pilot_objects import NAMESPACE, add_endpoints, add_pod, add_service, apply, empty_store

from harness.local.contracts import ROOT_NAMESPACE
from harness.local.pilot import snapshot
from harness.local.pilot.model import Proxy, Snapshot, Surroundings
from harness.local.pilot.simulate import Call, Outcome, simulate
from harness.local.pilot.translate import Resources, Translation
from harness.local.store import Store

AROUND = Surroundings(("127.0.0.1", 30080), ("127.0.0.1", 9999))
GATEWAY_IP = "127.9.0.1"
SIDECAR_IP = "127.9.0.2"
GATEWAY = Proxy(GATEWAY_IP, "gw", "istio-system", True, {"istio": "ingressgateway", "app": "gw"})


def shop() -> Store:
    """catalog (80, one pod a version), multi (80 and 8080), admin (81), other/api (80)."""
    store = empty_store()
    add_service(
        store, "catalog", [{"name": "http", "port": 80, "targetPort": 3000}], cluster_ip="10.96.7.1"
    )
    for version in ("v1", "v2"):
        add_pod(store, version, {"app": "catalog", "version": version})
    members = {"v1": "127.9.1.1", "v2": "127.9.1.2"}
    add_endpoints(store, "catalog", 3000, members, port_name="http")
    two = [{"name": "http", "port": 80}, {"name": "http-admin", "port": 8080}]
    add_service(store, "multi", two)
    add_service(store, "admin", [{"name": "http", "port": 81}])
    add_service(store, "db", [{"name": "tcp-sql", "port": 3306}])
    add_service(store, "api", [{"name": "http", "port": 80}], namespace="other")
    return store


def sidecar(namespace: str = NAMESPACE, **labels: str) -> Proxy:
    """A sidecar with an application on port 8080."""
    return Proxy(SIDECAR_IP, "web", namespace, False, labels, {8080: "/run/web.sock"})


def translated(proxy: Proxy, *texts: str, store: Store | None = None) -> Resources:
    """What the proxy gets when these objects are in the shop, applied in this order."""
    store = store or shop()
    for text in texts:
        apply(store, text)
    return Translation(take(store), AROUND, ROOT_NAMESPACE).resources(proxy)


def take(store: Store) -> Snapshot:
    return snapshot.build(store)


def ask(
    resources: Resources, host: str, path: str = "/", port: int = 8080, **rest: object
) -> Outcome:
    """A call to the gateway."""
    return simulate(resources, f"{GATEWAY_IP}_{port}", Call(host, path, **rest))  # type: ignore[arg-type]


def call(resources: Resources, host: str, path: str = "/", **rest: object) -> Outcome:
    """A call of an application through its sidecar."""
    return simulate(resources, f"{SIDECAR_IP}_15001", Call(host, path, **rest))  # type: ignore[arg-type]
