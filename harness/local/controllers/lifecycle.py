"""The end of things: namespaces are emptied, dependents follow their owner; and what every
namespace starts with.

Source: kubernetes/pkg/controller/{namespace,garbagecollector,serviceaccount}.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final

from harness.local.controllers.owners import is_ending, other_owners, owned_by
from harness.local.controllers.writes import Create, Delete, Plan, Purge, Update, Write, changed
from harness.local.store import Object, Resource, kinds

FOREGROUND: Final = "foregroundDeletion"
"""Finalizer: the object stays until its blocking dependents are gone."""
ORPHAN: Final = "orphan"
"""Finalizer: dependents are let go, then the object goes."""

Found = tuple[Resource, Object]


def plan_namespace(
    namespace: Object, contents: Sequence[Found], service_account: Object | None
) -> Plan:
    """An ending namespace loses its contents, then itself; a living one has a ServiceAccount."""
    if not is_ending(namespace):
        if service_account is not None:
            return Plan()
        metadata = {"name": "default", "namespace": namespace["metadata"]["name"]}
        return Plan((Create(kinds.SERVICE_ACCOUNTS, {"metadata": metadata}),))
    if not contents:
        return Plan((Purge(kinds.NAMESPACES, namespace),))
    return Plan(tuple(Delete(resource, obj) for resource, obj in contents if not is_ending(obj)))


def plan_after_deletion(gone: Object, dependents: Iterable[Found]) -> Plan:
    """Background collection: each dependent loses the reference, and goes if it was the last."""
    uids = {gone["metadata"]["uid"]}
    return Plan(tuple(write for found in dependents for write in let_go(*found, uids)))


def let_go(resource: Resource, obj: Object, gone: Container[str]) -> tuple[Write, ...]:
    """What becomes of an object whose owners of these uids are gone."""
    others = other_owners(obj, gone)
    if others:
        return (Update(resource, owned_by(obj, others)),)
    return () if is_ending(obj) else (Delete(resource, obj),)


def plan_finalizers(resource: Resource, ending: Object, dependents: Sequence[Found]) -> Plan:
    """Serve the finalizers ``orphan`` and ``foregroundDeletion`` of an ending object."""
    finalizers = ending["metadata"].get("finalizers", [])
    uid = ending["metadata"]["uid"]
    if ORPHAN in finalizers:
        freed: list[Write] = [
            Update(kind, owned_by(obj, other_owners(obj, {uid}))) for kind, obj in dependents
        ]
        return Plan((*freed, Update(resource, _without(ending, ORPHAN))))
    if FOREGROUND in finalizers:
        if not dependents:
            return Plan((Update(resource, _without(ending, FOREGROUND)),))
        return Plan(tuple(Delete(kind, obj) for kind, obj in dependents if not is_ending(obj)))
    return Plan()


def depends_on(obj: Object, uid: str) -> bool:
    """An owner reference of ``obj`` names ``uid``."""
    return any(ref["uid"] == uid for ref in obj["metadata"].get("ownerReferences", ()))


def _without(obj: Object, finalizer: str) -> Object:
    new = changed(obj)
    new["metadata"]["finalizers"] = [f for f in new["metadata"]["finalizers"] if f != finalizer]
    return new
