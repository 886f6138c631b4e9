"""Owner references: who made an object, and what pods say of themselves."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from harness.local.store import Object


def owner_reference(owner: Object) -> dict[str, Any]:
    """The reference a controller puts on what it creates."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Mapping[str, Any] | None:
    """The one reference marked ``controller``, or None."""
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return dict(reference)
    return None


def controlled_by(owner: Object, objects: Iterable[Object]) -> list[Object]:
    """Those of ``objects`` whose controller is ``owner``."""
    uid = owner["metadata"]["uid"]
    return [obj for obj in objects if (controller_of(obj) or {}).get("uid") == uid]


def other_owners(obj: Object, uids: Container[str]) -> list[Object]:
    """The object's owner references but those to ``uids``."""
    return [ref for ref in obj["metadata"].get("ownerReferences", ()) if ref["uid"] not in uids]


def owned_by(obj: Object, references: Sequence[Object]) -> Object:
    """The object with these owner references and no others."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "ownerReferences"}
    if references:
        metadata["ownerReferences"] = list(references)
    return {**obj, "metadata": metadata}


def is_ending(obj: Object) -> bool:
    """Marked for deletion."""
    return "deletionTimestamp" in obj["metadata"]


def pod_condition(pod: Object, kind: str) -> Mapping[str, Any]:
    """A condition of the pod's status, or an empty mapping."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == kind:
            return dict(condition)
    return {}


def is_ready(pod: Object) -> bool:
    """The pod's Ready condition is True."""
    return pod_condition(pod, "Ready").get("status") == "True"


def is_finished(pod: Object) -> bool:
    """Phase Succeeded or Failed: it will not run again."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def moment(text: str) -> datetime:
    """A metav1.Time as an aware datetime."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
