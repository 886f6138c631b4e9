"""A pod's status from the states of its containers: pure.

Source: kubernetes/pkg/kubelet/status/generate.go, kubelet_pods.go (getPhase).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.local.store import Object
from harness.local.store.defaults import qos_class


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running, for a reason in kubelet's words."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Since ``started`` (RFC 3339)."""

    started: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """Ended with ``code``; times are RFC 3339."""

    code: int
    reason: str
    started: str
    finished: str
    message: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class ContainerView:
    """Everything the status says of one container."""

    name: str
    image: str
    state: State
    last: Terminated | None = None
    ready: bool = False
    started: bool = False
    restarts: int = 0
    pid: int = 0
    final: bool = False
    """It will not be started again."""


def pod_status(
    pod: Object,
    containers: Sequence[ContainerView],
    init: Sequence[ContainerView],
    *,
    addresses: Mapping[str, str],
    started: str,
    now: str,
) -> dict[str, Any]:
    """The whole status. ``addresses`` has podIP and hostIP, ``now`` stamps changed conditions."""
    initialized = all(view.final and _succeeded(view) for view in init)
    phase = _phase(containers, init)
    unready = [view.name for view in containers if not view.ready]
    ready = not unready and bool(containers)
    why: dict[str, str] = {}
    if phase in ("Succeeded", "Failed"):
        why = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
        ready = False
    elif not ready:
        why = {
            "reason": "ContainersNotReady",
            "message": f"containers with unready status: [{' '.join(unready)}]",
        }
    pending = [view.name for view in init if not (view.final and _succeeded(view))]
    incomplete = {
        "reason": "ContainersNotInitialized",
        "message": f"containers with incomplete status: [{' '.join(pending)}]",
    }
    # An init container is ready when it has done its work.
    initial = [_container(replace(view, ready=view.final and _succeeded(view))) for view in init]
    before = {c["type"]: c for c in pod.get("status", {}).get("conditions", ())}
    conditions = [
        _condition(before, "Initialized", initialized, {} if initialized else incomplete, now),
        _condition(before, "Ready", ready, why, now),
        _condition(before, "ContainersReady", ready, why, now),
        _condition(before, "PodScheduled", True, {}, now),
    ]
    return {
        "phase": phase,
        "conditions": conditions,
        "hostIP": addresses["hostIP"],
        "hostIPs": [{"ip": addresses["hostIP"]}],
        "podIP": addresses["podIP"],
        "podIPs": [{"ip": addresses["podIP"]}],
        "startTime": started,
        "qosClass": qos_class(pod["spec"]),
        **({"initContainerStatuses": initial} if initial else {}),
        "containerStatuses": [_container(view) for view in containers],
    }


def _phase(containers: Sequence[ContainerView], init: Sequence[ContainerView]) -> str:
    if any(view.final and not _succeeded(view) for view in init):
        return "Failed"
    if containers and all(view.final for view in containers):
        return "Succeeded" if all(map(_succeeded, containers)) else "Failed"
    if any(isinstance(view.state, Waiting) and view.last is None for view in containers):
        return "Pending"
    return "Running"


def _succeeded(view: ContainerView) -> bool:
    return isinstance(view.state, Terminated) and view.state.code == 0


def _condition(
    before: Mapping[str, Object], kind: str, holds: bool, why: Mapping[str, str], now: str
) -> dict[str, Any]:
    status = "True" if holds else "False"
    old = before.get(kind)
    same = old is not None and old["status"] == status
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": old["lastTransitionTime"] if old is not None and same else now,
        **why,
    }


def _container(view: ContainerView) -> dict[str, Any]:
    return {
        "name": view.name,
        "state": _state(view.state),
        "lastState": _state(view.last) if view.last else {},
        "ready": view.ready,
        "started": view.started,
        "restartCount": view.restarts,
        "image": view.image,
        "imageID": view.image,
        "containerID": f"process://{view.pid}" if view.pid else "",
    }


def _state(state: State) -> dict[str, Any]:
    if isinstance(state, Waiting):
        message = {"message": state.message} if state.message else {}
        return {"waiting": {"reason": state.reason, **message}}
    if isinstance(state, Running):
        return {"running": {"startedAt": state.started}}
    message = {"message": state.message} if state.message else {}
    return {
        "terminated": {
            "exitCode": state.code,
            "reason": state.reason,
            "startedAt": state.started,
            "finishedAt": state.finished,
            **message,
        }
    }
