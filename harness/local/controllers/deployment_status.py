"""A Deployment's status: counts, and the conditions Available and Progressing.

Source: kubernetes/pkg/controller/deployment/progress.go, sync.go (calculateStatus).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.controllers.owners import moment
from harness.local.controllers.rollout import Bounds
from harness.local.store import Object
from harness.local.store.store import timestamp

DEADLINE: Final = 600
"""Seconds; the API's default of spec.progressDeadlineSeconds."""
COMPLETE: Final = "NewReplicaSetAvailable"
TIMED_OUT: Final = "ProgressDeadlineExceeded"
COUNTS: Final = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def deployment_status(
    deployment: Object,
    new: Object | None,
    created: Object | None,
    replica_sets: Sequence[Object],
    limit: Bounds,
    now: datetime,
) -> tuple[dict[str, Any], float | None]:
    """The status, and seconds until the progress deadline (None once complete or missed)."""
    before = deployment.get("status", {})
    replicas = sum(int(rs["spec"].get("replicas", 1)) for rs in replica_sets)
    counts = {
        "replicas": _total(replica_sets, "replicas"),
        "updatedReplicas": _total([new] if new else [], "replicas"),
        "readyReplicas": _total(replica_sets, "readyReplicas"),
        "availableReplicas": _total(replica_sets, "availableReplicas"),
    }
    counts["unavailableReplicas"] = max(0, replicas - counts["availableReplicas"])
    conditions = {c["type"]: c for c in before.get("conditions", ())}
    conditions["Available"] = _available(conditions.get("Available"), counts, limit, now)
    progress = conditions.get("Progressing")
    complete = _is_complete(counts, limit.desired, new)
    conditions["Progressing"] = progress = _progressing(
        deployment, progress, counts, new, created, complete, now
    )
    recheck = None
    if not complete and progress["reason"] != TIMED_OUT and not _paused(deployment):
        deadline = int(deployment["spec"].get("progressDeadlineSeconds", DEADLINE))
        # One second more: times are stored in whole seconds, rounded down.
        passed = (now - moment(progress["lastUpdateTime"])).total_seconds()
        recheck = max(0.0, deadline + 1 - passed)
    status: dict[str, Any] = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{field: value for field, value in counts.items() if value},
        "conditions": [conditions[kind] for kind in sorted(conditions)],
    }
    return status, recheck


def _total(replica_sets: Sequence[Object], field: str) -> int:
    return sum(int(rs.get("status", {}).get(field, 0)) for rs in replica_sets)


def _paused(deployment: Object) -> bool:
    return bool(deployment["spec"].get("paused"))


def _is_complete(counts: Mapping[str, int], desired: int, new: Object | None) -> bool:
    return new is not None and all(
        counts[field] == desired for field in ("replicas", "updatedReplicas", "availableReplicas")
    )


def _available(
    before: Object | None, counts: Mapping[str, int], limit: Bounds, now: datetime
) -> dict[str, Any]:
    if counts["availableReplicas"] >= limit.least:
        return _condition(
            before, "Available", "True", "MinimumReplicasAvailable",
            "Deployment has minimum availability.", now,
        )  # fmt: skip
    return _condition(
        before, "Available", "False", "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.", now,
    )  # fmt: skip


def _progressing(
    deployment: Object,
    before: Object | None,
    counts: Mapping[str, int],
    new: Object | None,
    created: Object | None,
    complete: bool,
    now: datetime,
) -> dict[str, Any]:
    def condition(status: str, reason: str, message: str, *, fresh: bool = False) -> dict[str, Any]:
        return _condition(before, "Progressing", status, reason, message, now, fresh=fresh)

    if created is not None:
        name = created["metadata"]["name"]
        return condition(
            "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', fresh=True
        )
    if new is None:
        subject = f'Deployment "{deployment["metadata"]["name"]}"'
    else:
        subject = f'ReplicaSet "{new["metadata"]["name"]}"'
    if complete:
        return condition("True", COMPLETE, f"{subject} has successfully progressed.")
    if _paused(deployment):
        return condition("Unknown", "DeploymentPaused", "Deployment is paused")
    observed = deployment.get("status", {})
    resumed = (before or {}).get("reason") == "DeploymentPaused"
    rolled_back = (before or {}).get("reason") == COMPLETE and (
        observed.get("updatedReplicas", 0) != counts["updatedReplicas"]
        or observed.get("observedGeneration") != deployment["metadata"]["generation"]
    )
    if before is None or resumed or rolled_back or _moved_on(observed, counts):
        return condition("True", "ReplicaSetUpdated", f"{subject} is progressing.", fresh=True)
    if before.get("reason") == COMPLETE:
        # Once complete, pods that break later are no rollout: the condition stays.
        return dict(before)
    deadline = int(deployment["spec"].get("progressDeadlineSeconds", DEADLINE))
    if (now - moment(before["lastUpdateTime"])).total_seconds() > deadline:
        return condition("False", TIMED_OUT, f"{subject} has timed out progressing.")
    return dict(before)


def _moved_on(before: Object, now: Mapping[str, int]) -> bool:
    old_before = int(before.get("replicas", 0)) - int(before.get("updatedReplicas", 0))
    return bool(
        now["updatedReplicas"] > before.get("updatedReplicas", 0)
        or now["replicas"] - now["updatedReplicas"] < old_before
        or now["readyReplicas"] > before.get("readyReplicas", 0)
        or now["availableReplicas"] > before.get("availableReplicas", 0)
    )


def _condition(
    before: Object | None,
    kind: str,
    status: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    fresh: bool = False,
) -> dict[str, Any]:
    """The condition; unchanged if it says the same, unless ``fresh`` renews its time."""
    same = before is not None and before["status"] == status
    if before is not None and same and before["reason"] == reason and not fresh:
        return dict(before)
    stamp = timestamp(now)
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": stamp,
        "lastTransitionTime": before["lastTransitionTime"] if before and same else stamp,
    }
