"""What Deployments and pods say of themselves: pure readings of their objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

PROXY_CONTAINER: Final = "istio-proxy"
"""Envoy's container, in sidecars and gateways alike."""


def unavailable(deployment: Mapping[str, Any]) -> str:
    """Why a Deployment is not rolled out and available yet; empty if it is.

    The rule of ``kubectl rollout status`` (kubectl, pkg/polymorphichelpers/rollout_status.go).
    """
    wanted = deployment["spec"].get("replicas", 1)
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return "its newest change is not observed yet"
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} pods are updated"
    if total > updated:
        return f"{total - updated} old pods are left"
    if available < updated:
        return f"{available} of {updated} pods are available"
    return ""


def selector(deployment: Mapping[str, Any]) -> dict[str, str]:
    """Labels its pods carry."""
    return dict(deployment["spec"]["selector"].get("matchLabels") or {})


def is_alive(pod: Mapping[str, Any]) -> bool:
    """Neither finished nor being deleted."""
    phase = pod.get("status", {}).get("phase", "")
    return "deletionTimestamp" not in pod["metadata"] and phase not in ("Succeeded", "Failed")


def containers(pod: Mapping[str, Any]) -> list[str]:
    """Names of what runs as long as the pod: containers, and init containers that restart always.

    Newer Istio injects its proxy as the latter (Kubernetes: sidecar containers).
    """
    sidecars = [
        container["name"]
        for container in pod["spec"].get("initContainers") or []
        if container.get("restartPolicy") == "Always"
    ]
    return sidecars + [container["name"] for container in pod["spec"]["containers"]]


def container_id(pod: Mapping[str, Any], container: str) -> str:
    """The id of a container that runs, another one after each restart; or empty."""
    status = pod.get("status", {})
    kinds = ("containerStatuses", "initContainerStatuses")
    found = (each for kind in kinds for each in status.get(kind) or () if each["name"] == container)
    return next((str(each.get("containerID") or "") for each in found), "")


def not_ready(pod: Mapping[str, Any]) -> list[str]:
    """One sentence per container that is not ready."""
    return list(_not_ready(pod))


def _not_ready(pod: Mapping[str, Any]) -> Iterator[str]:
    status = pod.get("status", {})
    known = {
        entry["name"]: entry
        for field in ("initContainerStatuses", "containerStatuses")
        for entry in status.get(field) or []
    }
    for name in containers(pod):
        entry = known.get(name)
        if entry is None:
            yield f"pod {pod['metadata']['name']}: container {name} has not started"
        elif not entry.get("ready"):
            yield f"pod {pod['metadata']['name']}: container {name} {_state(entry)}"


def _state(status: Mapping[str, Any]) -> str:
    for name, state in (status.get("state") or {}).items():
        reason, message = state.get("reason", ""), state.get("message", "")
        if name == "running":
            return "runs but is not ready"
        return f"is {name}: {reason} {message}".rstrip(": ")
    return "has not started"
