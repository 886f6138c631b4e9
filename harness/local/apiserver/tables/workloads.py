"""Columns of pods, ReplicaSets and Deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver.tables.columns import (
    NONE,
    Layout,
    age,
    columns,
    created,
    joined,
    label_selector,
)
from harness.local.store import Object, Resource, kinds


def _pod(pod: Object, now: datetime) -> Sequence[Any]:
    spec, status = pod.get("spec", {}), pod.get("status", {})
    statuses = status.get("containerStatuses") or ()
    counted = (status.get("initContainerStatuses") or ()) if _initializing(pod) else statuses
    total = len(spec.get("containers") or ())
    ready = sum(1 for container in statuses if container.get("ready"))
    return (
        pod["metadata"]["name"],
        f"{ready}/{total}",
        pod_status(pod),
        _restarts(counted, now),
        created(pod, now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        NONE,
    )


def pod_status(pod: Object) -> str:
    """The STATUS column (source: printPod in printers/internalversion/printers.go)."""
    status = pod.get("status", {})
    if "deletionTimestamp" in pod["metadata"] and status.get("phase") not in _FINISHED:
        return "Terminating"
    if word := _initializing(pod):
        return word
    word = status.get("reason") or status.get("phase") or "Unknown"
    running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            word = waiting["reason"]
        elif terminated is not None:
            word = terminated.get("reason") or _exit_word(terminated)
        elif container.get("ready") and state.get("running") is not None:
            running = True
    if word == "Completed" and running:
        ready = {each.get("type"): each.get("status") for each in status.get("conditions") or ()}
        word = "Running" if ready.get("Ready") == "True" else "NotReady"
    return str(word)


def _initializing(pod: Object) -> str:
    """The STATUS while an init container has not done its work; else empty."""
    status = pod.get("status", {})
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if terminated is not None:
            if terminated.get("exitCode", 0) == 0:
                continue
            return f"Init:{terminated.get('reason') or _exit_word(terminated)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(pod['spec'].get('initContainers') or ())}"
    return ""


_FINISHED: Final = ("Succeeded", "Failed")


def _exit_word(terminated: Mapping[str, Any]) -> str:
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _restarts(statuses: Sequence[Mapping[str, Any]], now: datetime) -> str:
    count = sum(container.get("restartCount", 0) for container in statuses)
    ends = [
        ended["finishedAt"]
        for container in statuses
        if (ended := (container.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
    ]
    return f"{count} ({age(max(ends), now)} ago)" if count and ends else str(count)


def _containers(template: Mapping[str, Any]) -> tuple[str, str]:
    containers = template.get("spec", {}).get("containers") or ()
    return (
        joined([container.get("name", "") for container in containers]),
        joined([container.get("image", "") for container in containers]),
    )


def _replica_set(replica_set: Object, now: datetime) -> Sequence[Any]:
    spec, status = replica_set.get("spec", {}), replica_set.get("status", {})
    return (
        replica_set["metadata"]["name"],
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        created(replica_set, now),
        *_containers(spec.get("template", {})),
        label_selector(spec.get("selector")),
    )


def _deployment(deployment: Object, now: datetime) -> Sequence[Any]:
    spec, status = deployment.get("spec", {}), deployment.get("status", {})
    return (
        deployment["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        created(deployment, now),
        *_containers(spec.get("template", {})),
        label_selector(spec.get("selector")),
    )


LAYOUTS: Final[Mapping[Resource, Layout]] = {
    kinds.PODS: Layout(
        columns("Name, Ready, Status, Restarts, Age", "IP, Node, Nominated Node, Readiness Gates"),
        _pod,
    ),
    kinds.REPLICA_SETS: Layout(
        columns("Name, Desired, Current, Ready, Age", "Containers, Images, Selector"),
        _replica_set,
    ),
    kinds.DEPLOYMENTS: Layout(
        columns("Name, Ready, Up-to-date, Available, Age", "Containers, Images, Selector"),
        _deployment,
    ),
}
