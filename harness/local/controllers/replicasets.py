"""ReplicaSet → pods: as many as asked for, no more, and how many are ready.

Source: kubernetes/pkg/controller/replicaset/replica_set.go, controller_utils.go (ranking, events).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from harness.local.controllers.claims import claim
from harness.local.controllers.owners import (
    is_ending,
    is_finished,
    is_ready,
    moment,
    owner_reference,
    pod_condition,
)
from harness.local.controllers.writes import (
    Create,
    Delete,
    Plan,
    Tell,
    UpdateStatus,
    Write,
    changed,
)
from harness.local.events import NORMAL
from harness.local.store import Object, kinds


def plan(replica_set: Object, pods: Sequence[Object], now: datetime) -> Plan:
    """What to adopt, release, create, delete and report. ``pods`` are all of the namespace."""
    # Pods that end or have ended stay with whom they are.
    claimed = claim(
        replica_set,
        kinds.PODS,
        (pod for pod in pods if not is_ending(pod) and not is_finished(pod)),
    )
    active = claimed.owned
    writes: list[Write] = [*claimed.writes]
    if not is_ending(replica_set):
        missing = replica_set["spec"].get("replicas", 1) - len(active)
        if missing > 0:
            told = Tell(replica_set, NORMAL, "SuccessfulCreate", "Created pod: {name}")
            writes += [Create(kinds.PODS, _pod(replica_set), told)] * missing
        else:
            surplus = sorted(active, key=_expendable)[: -missing or 0] if missing else []
            for pod in surplus:
                message = f"Deleted pod: {pod['metadata']['name']}"
                writes.append(Delete(kinds.PODS, pod))
                writes.append(Tell(replica_set, NORMAL, "SuccessfulDelete", message))
    min_ready = int(replica_set["spec"].get("minReadySeconds", 0))
    waits = [_until_available(pod, min_ready, now) for pod in active if is_ready(pod)]
    status: dict[str, Any] = {"replicas": len(active)}
    labels = replica_set["spec"]["template"]["metadata"].get("labels", {})
    counted = {
        "fullyLabeledReplicas": sum(
            labels.items() <= pod["metadata"].get("labels", {}).items() for pod in active
        ),
        "readyReplicas": len(waits),
        "availableReplicas": sum(wait <= 0 for wait in waits),
        "observedGeneration": replica_set["metadata"]["generation"],
    }
    status |= {field: value for field, value in counted.items() if value}
    writes.append(UpdateStatus(kinds.REPLICA_SETS, replica_set, status))
    return Plan(tuple(writes), min((wait for wait in waits if wait > 0), default=None))


def _pod(replica_set: Object) -> dict[str, Any]:
    template = changed(replica_set["spec"]["template"])
    metadata = template.get("metadata", {})
    return {
        "metadata": {
            **{k: metadata[k] for k in ("labels", "annotations", "finalizers") if k in metadata},
            "generateName": replica_set["metadata"]["name"] + "-",
            "namespace": replica_set["metadata"]["namespace"],
            "ownerReferences": [owner_reference(replica_set)],
        },
        "spec": template["spec"],
        "status": {"phase": "Pending"},
    }


def _expendable(pod: Object) -> tuple[Any, ...]:
    """Sorts those to lose first: unscheduled, pending, not ready, crashing, youngest."""
    status = pod.get("status", {})
    restarts = sum(c.get("restartCount", 0) for c in status.get("containerStatuses", ()))
    return (
        bool(pod["spec"].get("nodeName")),
        status.get("phase", "Pending") != "Pending",
        is_ready(pod),
        -restarts,
        -int(moment(pod["metadata"]["creationTimestamp"]).timestamp()),
        pod["metadata"]["name"],
    )


def _until_available(pod: Object, min_ready: int, now: datetime) -> float:
    """Seconds until a ready pod counts as available; 0 or less if it does."""
    if not min_ready:
        return 0.0
    since = pod_condition(pod, "Ready").get("lastTransitionTime")
    return min_ready - (now - moment(since)).total_seconds() if since else float(min_ready)
