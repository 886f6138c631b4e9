"""Which objects are a controller's: orphans its selector matches are adopted, others released.

Source: kubernetes/pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.local.controllers.owners import (
    controller_of,
    is_ending,
    other_owners,
    owned_by,
    owner_reference,
)
from harness.local.controllers.writes import Update
from harness.local.label_selectors import is_empty, matches
from harness.local.store import Object, Resource


@dataclass(frozen=True, slots=True)
class Claim:
    """What the controller owns, as it is after ``writes``."""

    owned: tuple[Object, ...]
    writes: tuple[Update, ...]


def claim(owner: Object, resource: Resource, objects: Iterable[Object]) -> Claim:
    """Sort ``objects`` (all of one kind in the owner's namespace); an ending owner changes none."""
    owned: list[Object] = []
    writes: list[Update] = []
    uid = owner["metadata"]["uid"]
    for obj in objects:
        controller = controller_of(obj)
        if controller is not None and controller["uid"] != uid:
            continue
        selected = selects(owner, obj)
        if controller is not None and selected:
            owned.append(obj)
        elif is_ending(owner):
            continue
        elif controller is not None:
            writes.append(Update(resource, owned_by(obj, other_owners(obj, {uid}))))
        elif selected and not is_ending(obj):
            adopted = owned_by(obj, [*other_owners(obj, {uid}), owner_reference(owner)])
            writes.append(Update(resource, adopted))
            owned.append(adopted)
    return Claim(tuple(owned), tuple(writes))


def selects(owner: Object, obj: Object) -> bool:
    """Whether the owner's ``spec.selector`` (metav1.LabelSelector) matches the object's labels.

    An empty selector matches nothing: it must not adopt a whole namespace.
    """
    selector = owner["spec"].get("selector") or {}
    labels = obj["metadata"].get("labels") or {}
    return not is_empty(selector) and matches(selector, labels)
