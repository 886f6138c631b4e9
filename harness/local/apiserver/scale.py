"""The scale subresource: a Deployment's or ReplicaSet's replicas on their own. Pure."""

from __future__ import annotations

from typing import Any

from harness.local.apiserver.documents import apply_patch
from harness.local.apiserver.statuses import bad_request
from harness.local.apiserver.tables.columns import label_selector
from harness.local.apiserver.targets import Target
from harness.local.store import Object
from harness.local.store.store import copied


def of(obj: Object) -> dict[str, Any]:
    """The object's Scale (autoscaling/v1)."""
    metadata, spec = obj["metadata"], obj["spec"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": label_selector(spec.get("selector")),
        },
    }


def changed(target: Target, obj: Object, method: str, media: str, document: Any) -> dict[str, Any]:
    """The object with the replicas of a PUT or PATCH of its Scale; Refusal 400 if malformed."""
    wanted = document if method == "PUT" else apply_patch(target.resource, media, of(obj), document)
    spec = wanted.get("spec") if isinstance(wanted, dict) else None
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request("spec.replicas of a Scale must be a whole number")
    result: dict[str, Any] = copied(obj)
    result["spec"]["replicas"] = replicas
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    if version:
        result["metadata"]["resourceVersion"] = version
    return result
