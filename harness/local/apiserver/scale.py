"""The scale subresource: a Deployment's or ReplicaSet's replicas on their own. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from harness.local.apiserver.documents import apply_patch, normalise
from harness.local.apiserver.statuses import bad_request
from harness.local.apiserver.tables.columns import label_selector
from harness.local.apiserver.targets import Target
from harness.local.store import Object, Resource
from harness.local.store.store import copied

_SCALES: Final = Resource("autoscaling", ("v1",), "scales", "scale", "Scale")
"""What the bodies of the subresource are: never stored, only checked against the path."""


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
    """The object with the replicas of a PUT or PATCH of its Scale.

    Refusal 400 if it is malformed, or the Scale of another object. Its resourceVersion and uid,
    where set, become preconditions of the write.
    """
    wanted = (
        copied(document)
        if method == "PUT"
        else apply_patch(target.resource, media, of(obj), document)
    )
    if not isinstance(wanted, dict):
        raise bad_request(f"a Scale must be an object, not a {type(wanted).__name__}")
    metadata = normalise(replace(target, resource=_SCALES, version="v1"), wanted)
    spec = wanted.get("spec")
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request("spec.replicas of a Scale must be a whole number")
    result: dict[str, Any] = copied(obj)
    result["spec"]["replicas"] = replicas
    for field in ("resourceVersion", "uid"):
        if metadata.get(field):
            result["metadata"][field] = metadata[field]
    return result
