"""Deployment → ReplicaSets: one per pod template, rolled over within the Deployment's bounds.

Source: kubernetes/pkg/controller/deployment/{sync,rolling,recreate}.go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.controllers import rollout
from harness.local.controllers.claims import claim
from harness.local.controllers.deployment_status import deployment_status
from harness.local.controllers.owners import is_ending, is_finished, owner_reference
from harness.local.controllers.rollout import Bounds, Scale
from harness.local.controllers.writes import (
    Create,
    Delete,
    Plan,
    Tell,
    Update,
    UpdateStatus,
    Write,
    changed,
)
from harness.local.events import NORMAL
from harness.local.store import Object, kinds

REVISION: Final = "deployment.kubernetes.io/revision"
DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
MOST: Final = "deployment.kubernetes.io/max-replicas"
HASH: Final = "pod-template-hash"
NOT_COPIED: Final = frozenset(
    (REVISION, DESIRED, MOST, "kubectl.kubernetes.io/last-applied-configuration",
     "deployment.kubernetes.io/revision-history", "deprecated.deployment.rollback.to")
)  # fmt: skip
"""Annotations of the Deployment that are its own."""
HASH_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"


def plan(
    deployment: Object, replica_sets: Sequence[Object], pods: Sequence[Object], now: datetime
) -> Plan:
    """The next step of the rollout, and the status as it is now.

    ``replica_sets`` and ``pods`` are all of the namespace, ending ones too.
    """
    if is_ending(deployment):
        return Plan()
    claimed = claim(deployment, kinds.REPLICA_SETS, replica_sets)
    taken = {rs["metadata"]["name"] for rs in replica_sets}
    step = _step(deployment, claimed.owned, pods, taken, now)
    return Plan((*claimed.writes, *step.writes), step.recheck)


def _step(
    deployment: Object,
    replica_sets: Sequence[Object],
    pods: Sequence[Object],
    taken: Container[str],
    now: datetime,
) -> Plan:
    """The plan for a Deployment that owns ``replica_sets``; ``taken`` are names of any owner's."""
    limit = _bounds(deployment)
    new = find_new(deployment, replica_sets)
    old = sorted((rs for rs in replica_sets if rs is not new), key=revision)
    recreate = deployment["spec"].get("strategy", {}).get("type") == "Recreate"
    paused = bool(deployment["spec"].get("paused"))
    collisions = int(deployment.get("status", {}).get("collisionCount", 0))
    created: Object | None = None
    targets: dict[str, int] = {}
    if new is None and not paused:
        collisions = _collisions(deployment, taken, collisions)
    if paused:
        newest = new or next((rs for rs in reversed(old) if _replicas(rs)), None)
        if newest is not None:
            targets[newest["metadata"]["name"]] = limit.desired
    elif recreate:
        targets |= {rs["metadata"]["name"]: 0 for rs in old}
        if not _running(pods, old):
            if new is None:
                created = _new_replica_set(deployment, old, limit, limit.desired, collisions)
            else:
                targets[new["metadata"]["name"]] = limit.desired
    else:
        others = sum(map(_replicas, old))
        wanted = rollout.new_replicas(limit, _replicas(new), others)
        if new is None:
            created = _new_replica_set(deployment, old, limit, wanted, collisions)
        else:
            targets[new["metadata"]["name"]] = wanted
            targets |= rollout.old_replicas(limit, _scale(new), [_scale(rs) for rs in old])

    writes: list[Write] = []
    if created is not None:
        writes.append(Create(kinds.REPLICA_SETS, created))
        writes += _scaled(deployment, created["metadata"]["name"], 0, created["spec"]["replicas"])
    for rs in replica_sets:
        writes += _adjusted(deployment, rs, new, old, targets, limit)
    current = created or new
    if current is not None:
        writes += _with_revision(deployment, current, old)
    status, recheck = deployment_status(deployment, new, created, replica_sets, limit, now)
    if collisions:
        status["collisionCount"] = collisions
    writes.append(UpdateStatus(kinds.DEPLOYMENTS, deployment, status))
    if recheck is None and created is None and not paused:
        writes += [Delete(kinds.REPLICA_SETS, rs) for rs in _forgotten(deployment, old)]
    return Plan(tuple(writes), recheck)


def find_new(deployment: Object, replica_sets: Sequence[Object]) -> Object | None:
    """The oldest ReplicaSet whose template is the Deployment's, the hash label apart."""
    wanted = _plain_template(deployment["spec"]["template"])
    same = [rs for rs in replica_sets if _plain_template(rs["spec"]["template"]) == wanted]
    return min(same, key=lambda rs: str(rs["metadata"]["creationTimestamp"]), default=None)


def template_hash(template: Object, collisions: int = 0) -> str:
    """Ten characters that name a pod template; the same template always gets the same.

    ``collisions`` (status.collisionCount) gives it another name when the first ones are taken.
    """
    text = json.dumps(_plain_template(template), sort_keys=True, separators=(",", ":"))
    if collisions:
        text += str(collisions)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    letters = ""
    for _ in range(10):
        number, letter = divmod(number, len(HASH_ALPHABET))
        letters += HASH_ALPHABET[letter]
    return letters


def revision(replica_set: Object) -> int:
    """The rollout's number; 0 if unnumbered."""
    return int(replica_set["metadata"].get("annotations", {}).get(REVISION, 0))


def _bounds(deployment: Object) -> Bounds:
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    desired = int(deployment["spec"].get("replicas", 1))
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        return Bounds(desired, 0, 0)
    return rollout.bounds(
        desired, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    )


def _plain_template(template: Object) -> dict[str, Any]:
    metadata = {k: v for k, v in template.get("metadata", {}).items() if v is not None}
    labels = {k: v for k, v in metadata.get("labels", {}).items() if k != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _collisions(deployment: Object, taken: Container[str], counted: int) -> int:
    """``counted``, or the next collisionCount with which a new ReplicaSet's name is free.

    A released ReplicaSet keeps its name, which is that of the next one with the same template
    (source: getNewReplicaSet in sync.go).
    """
    name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
    while f"{name}-{template_hash(template, counted)}" in taken:
        counted += 1
    return counted


def _new_replica_set(
    deployment: Object, old: Sequence[Object], limit: Bounds, replicas: int, collisions: int
) -> dict[str, Any]:
    template = changed(deployment["spec"]["template"])
    digest = template_hash(template, collisions)
    template.setdefault("metadata", {}).setdefault("labels", {})[HASH] = digest
    metadata = deployment["metadata"]
    selector = changed(deployment["spec"]["selector"])
    selector["matchLabels"] = {**selector.get("matchLabels", {}), HASH: digest}
    spec: dict[str, Any] = {"replicas": replicas, "selector": selector, "template": template}
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {
                **_copied(deployment),
                REVISION: str(max(map(revision, old), default=0) + 1),
                DESIRED: str(limit.desired),
                MOST: str(limit.most),
            },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
        "status": {"replicas": 0},
    }


def _copied(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations", {})
    return {k: v for k, v in annotations.items() if k not in NOT_COPIED}


def _adjusted(
    deployment: Object,
    rs: Object,
    new: Object | None,
    old: Sequence[Object],
    targets: dict[str, int],
    limit: Bounds,
) -> list[Write]:
    """The ReplicaSet scaled to its target and, if it is the new one, numbered as the newest."""
    name = rs["metadata"]["name"]
    target = targets.get(name, _replicas(rs))
    adjusted = changed(rs)
    adjusted["spec"]["replicas"] = target
    annotations = adjusted["metadata"].setdefault("annotations", {})
    if target:
        annotations |= {DESIRED: str(limit.desired), MOST: str(limit.most)}
    if rs is new:
        newest = max(map(revision, old), default=0) + 1
        annotations |= {**_copied(deployment), REVISION: str(max(newest, revision(rs)))}
    if adjusted == rs:
        return []
    return [Update(kinds.REPLICA_SETS, adjusted), *_scaled(deployment, name, _replicas(rs), target)]


def _scaled(deployment: Object, name: str, before: int, after: int) -> list[Write]:
    if before == after:
        return []
    way = "up" if after > before else "down"
    message = f"Scaled {way} replica set {name} from {before} to {after}"
    return [Tell(deployment, NORMAL, "ScalingReplicaSet", message)]


def _with_revision(deployment: Object, current: Object, old: Sequence[Object]) -> list[Write]:
    number = str(max(revision(current), max(map(revision, old), default=0) + 1))
    annotations = deployment["metadata"].get("annotations", {})
    if annotations.get(REVISION) == number:
        return []
    numbered = changed(deployment)
    numbered["metadata"]["annotations"] = {**annotations, REVISION: number}
    return [Update(kinds.DEPLOYMENTS, numbered)]


def _forgotten(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """Old, empty ReplicaSets beyond revisionHistoryLimit, oldest first."""
    limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
    empty = [
        rs
        for rs in old
        if not _replicas(rs) and not rs.get("status", {}).get("replicas") and not is_ending(rs)
    ]
    return empty[: max(0, len(empty) - limit)]


def _running(pods: Sequence[Object], old: Sequence[Object]) -> bool:
    """Whether a pod of an old ReplicaSet still exists and may run."""
    uids = {rs["metadata"]["uid"] for rs in old}
    return any(
        reference["uid"] in uids
        for pod in pods
        if not is_finished(pod)
        for reference in pod["metadata"].get("ownerReferences", ())
    )


def _replicas(rs: Object | None) -> int:
    return int(rs["spec"].get("replicas", 1)) if rs is not None else 0


def _scale(rs: Object) -> Scale:
    available = int(rs.get("status", {}).get("availableReplicas", 0))
    return Scale(rs["metadata"]["name"], _replicas(rs), min(available, _replicas(rs)))
