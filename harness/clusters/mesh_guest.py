"""What the harness leaves in a cluster that is not made for one run, and how it cleans up.

The chapter's namespace carries a label that says whose it is: one without it belongs to somebody
else and is never touched. The mesh's outbound policy is put back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from harness.clusters import mesh
from harness.clusters.api import Api
from harness.clusters.connection import ApiRefused
from harness.clusters.workloads import PROXY_CONTAINER
from harness.errors import EnvironmentCannot, HarnessError
from harness.model import OutboundPolicy, SetOutboundPolicy

OWNER: Final = {"app.kubernetes.io/managed-by": "istio-chapter-harness"}
GATEWAY: Final = "istio-ingressgateway"
ISTIOD: Final = "istiod"
NAMESPACE_GONE: Final = 120.0
"""Seconds for a namespace's pods to end and its finalizers to run."""


def claim(api: Api, namespace: str) -> None:
    """Make the namespace ours, and empty. EnvironmentCannot if somebody else's is there."""
    found = _find(api, "v1", "namespaces", "", namespace)
    if found is not None:
        labels: Mapping[str, str] = found["metadata"].get("labels") or {}
        if not OWNER.items() <= labels.items():
            raise EnvironmentCannot(
                f"namespace {namespace!r} exists and was not made by this harness",
                "choose another cluster; or, if it may be thrown away: "
                f"kubectl delete namespace {namespace}",
            )
        api.delete("v1", "namespaces", "", namespace, NAMESPACE_GONE)
    api.ensure_namespace(namespace, OWNER)


def release(api: Api, namespace: str, policy: OutboundPolicy | None) -> None:
    """Delete the namespace if it is ours, and put the mesh's outbound policy back."""
    found = _find(api, "v1", "namespaces", "", namespace)
    labels = (found or {}).get("metadata", {}).get("labels") or {}
    if found is not None and OWNER.items() <= labels.items():
        api.delete("v1", "namespaces", "", namespace, NAMESPACE_GONE)
    if policy is not None and outbound_policy(api) is not policy:
        api.set_outbound_policy(SetOutboundPolicy(policy))


def foreign_routing(api: Api, namespace: str) -> list[str]:
    """Istio objects outside our namespace that could change what the chapter's clients get."""
    found = []
    for plural in ("gateways", "virtualservices", "destinationrules", "serviceentries"):
        for each in api.objects("networking.istio.io/v1alpha3", plural):
            where = each["metadata"]["namespace"]
            if where != namespace:
                found.append(f"{plural} {where}/{each['metadata']['name']}")
    return found


def outbound_policy(api: Api) -> OutboundPolicy:
    """The mesh's policy as it is now."""
    return mesh.outbound_policy(api.mesh_config())


def istio_version(api: Api) -> str:
    """The tag of the ingress gateway's proxy image; empty if Istio is not installed."""
    gateway = _find(api, "apps/v1", "deployments", mesh.NAMESPACE, GATEWAY)
    if gateway is None:
        return ""
    containers = gateway["spec"]["template"]["spec"]["containers"]
    image = next((each["image"] for each in containers if each["name"] == PROXY_CONTAINER), "")
    if image in ("", "auto"):
        # Filled in by injection: only the pod has it (istio.io, "Installing Gateways").
        pods = api.pods(mesh.NAMESPACE, {"istio": "ingressgateway"})
        named = [c for pod in pods for c in pod["spec"]["containers"]]
        image = next((each["image"] for each in named if each["name"] == PROXY_CONTAINER), "")
    tag = str(image).partition("@")[0].rpartition(":")[2]
    return tag if "/" not in tag else ""


def control_plane(api: Api) -> str:
    """``istiod VERSION``, or that there is none, which is then not claimed."""
    found = _find(api, "apps/v1", "deployments", mesh.NAMESPACE, ISTIOD)
    if found is None:
        return "unknown (no Deployment istiod in istio-system)"
    image = str(found["spec"]["template"]["spec"]["containers"][0]["image"])
    return f"istiod {image.partition('@')[0].rpartition(':')[2]}"


def envoy_version(api: Api) -> str:
    """What the ingress gateway's Envoy says of itself, once it runs; empty if it does not say.

    Raises StepFailed if the gateway does not become available.
    """
    api.wait_available(mesh.NAMESPACE, GATEWAY)
    for pod in api.pods(mesh.NAMESPACE, {"istio": "ingressgateway"}):
        try:
            said = api.execute(
                mesh.NAMESPACE, pod["metadata"]["name"], PROXY_CONTAINER,
                ("pilot-agent", "request", "GET", "server_info"),
            )  # fmt: skip
            # "<commit>/1.39.0/Clean/RELEASE/BoringSSL" (Envoy, admin.v3.ServerInfo)
            return str(json.loads(said)["version"].split("/")[1])
        except (HarnessError, ValueError, KeyError, IndexError):
            continue
    return ""


def _find(api: Api, version: str, plural: str, namespace: str, name: str) -> dict[str, Any] | None:
    try:
        return api.get(version, plural, namespace, name)
    except ApiRefused as refused:
        if refused.code == 404:
            return None
        raise
