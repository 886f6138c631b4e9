"""Pods and Deployments that are not as they should be. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.diagnosis.evidence import Evidence, Finding, Json, name, namespace


def ailing(evidence: Evidence, *, only: str = "") -> Iterator[Finding]:
    """Containers that are not ready, with what the pod's last warning says; ``only`` a namespace.

    A pod that is being deleted is nobody's fault.
    """
    for pod in evidence.pods:
        if "deletionTimestamp" in pod["metadata"] or (only and namespace(pod) != only):
            continue
        known = pod.get("status", {}).get("containerStatuses") or ()
        for status in known:
            if not status.get("ready"):
                yield _container(evidence, pod, status)
        if not known:
            yield _finding(evidence, pod, "has not started")


def wrong_containers(
    evidence: Evidence, space: str, deployment: str, wanted: tuple[str, ...]
) -> Iterator[Finding]:
    """Pods of a Deployment without their sidecar, or with more than they should have."""
    for pod in evidence.pods:
        if namespace(pod) != space or not name(pod).startswith(f"{deployment}-"):
            continue
        has = [container["name"] for container in pod["spec"]["containers"]]
        has += [
            container["name"]
            for container in pod["spec"].get("initContainers") or ()
            if container.get("restartPolicy") == "Always"
        ]
        labels = pod["metadata"].get("labels") or {}
        if missing := [one for one in wanted if one not in has]:
            refused = labels.get("sidecar.istio.io/inject") == "false"
            why = "its label sidecar.istio.io/inject is false" if refused else (
                f"is namespace {space} labelled istio-injection=enabled?"
            )  # fmt: skip
            yield Finding(
                f"pod {name(pod)} has no container {', '.join(missing)}: {why}",
                f"kubectl -n {space} get pod {name(pod)} --show-labels; "
                f"kubectl get namespace {space} --show-labels",
            )


def missing(evidence: Evidence, space: str, deployment: str) -> Iterator[Finding]:
    """A Deployment that does not exist, or wants no pods."""
    for one in evidence.deployments:
        if (namespace(one), name(one)) == (space, deployment):
            if one["spec"].get("replicas", 1) == 0:
                yield Finding(
                    f"Deployment {deployment} asks for 0 replicas",
                    f"kubectl -n {space} get deployment {deployment}",
                )
            return
    yield Finding(
        f"namespace {space} has no Deployment {deployment}", f"kubectl -n {space} get deployments"
    )


def _container(evidence: Evidence, pod: Json, status: Json) -> Finding:
    container = status["name"]
    for state, about in (status.get("state") or {}).items():
        if state != "running":
            reason = about.get("reason", "")
            return _finding(evidence, pod, f"container {container} is {state}: {reason}")
    return _finding(evidence, pod, f"container {container} runs and is not ready")


def _finding(evidence: Evidence, pod: Json, what: str) -> Finding:
    warnings = [
        event
        for event in evidence.events
        if event.get("type") == "Warning"
        and (event.get("involvedObject") or {}).get("name") == name(pod)
    ]
    last = max(warnings, key=lambda event: event.get("lastTimestamp") or "", default=None)
    said = f" ({last.get('message', '')})" if last else ""
    return Finding(
        f"pod {name(pod)}: {what}{said}",
        f"kubectl -n {namespace(pod)} describe pod {name(pod)}",
    )
