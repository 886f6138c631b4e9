"""Finalizers and owner references: what holds an object, and whom it follows. Pure.

Source of rules and words: k8s.io/apimachinery/pkg/api/validation/objectmeta.go and, for the
built-in kinds, validateKubeFinalizerName in k8s.io/kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.local.apiserver import names
from harness.local.apiserver.causes import forbidden, invalid
from harness.local.store import Object, Resource, kinds
from harness.local.store.errors import Cause

STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_FINALIZERS: Final = "metadata.finalizers"
_OWNERS: Final = "metadata.ownerReferences"


def check(resource: Resource, obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Every fault of an object's finalizers and owner references; ``old`` is what it replaces."""
    metadata = obj["metadata"]
    finalizers: Sequence[str] = metadata.get("finalizers") or ()
    causes = _finalizers(resource, finalizers)
    if old is not None:
        causes += _new_finalizers(finalizers, old["metadata"])
    return causes + _owners(metadata.get("ownerReferences") or ())


def _finalizers(resource: Resource, finalizers: Sequence[str]) -> list[Cause]:
    causes = []
    for index, name in enumerate(finalizers):
        if not names.is_qualified(name):
            causes.append(Cause(_FINALIZERS, names.qualified_words(name)))
        elif resource not in kinds.ISTIO and "/" not in name and name not in STANDARD_FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(invalid(f"{_FINALIZERS}[{index}]", name, why))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        why = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(invalid(_FINALIZERS, list(finalizers), why))
    return causes


def _new_finalizers(finalizers: Sequence[str], before: Mapping[str, Any]) -> list[Cause]:
    new = [each for each in finalizers if each not in (before.get("finalizers") or ())]
    if "deletionTimestamp" not in before or not new:
        return []
    listed = ", ".join(json.dumps(each[:100]) for each in sorted(new))
    why = (
        "no new finalizers can be added if the object is being deleted, found new finalizers "
        f"[]string{{{listed}}}"
    )
    return [forbidden(_FINALIZERS, why)]


def _owners(references: Sequence[Mapping[str, Any]]) -> list[Cause]:
    causes = []
    for reference in references:
        if not str(reference.get("apiVersion") or "").rpartition("/")[2]:
            given = reference.get("apiVersion") or ""
            causes.append(invalid(f"{_OWNERS}.apiVersion", given, "version must not be empty"))
        causes += [
            invalid(f"{_OWNERS}.{field}", "", "must not be empty")
            for field in ("kind", "name", "uid")
            if not reference.get(field)
        ]
        if (reference.get("apiVersion"), reference.get("kind")) == ("v1", "Event"):
            causes.append(invalid(_OWNERS, "/v1, Kind=Event", "is disallowed from being an owner"))
    controllers = [each for each in references if each.get("controller")]
    if len(controllers) > 1:
        first, second = (
            f"{each.get('kind', '')}/{each.get('name', '')}" for each in controllers[:2]
        )
        why = (
            "Only one reference can have Controller set to true. Found "
            f'"true" in references for {first} and {second}'
        )
        causes.append(invalid(_OWNERS, f"{len(controllers)} controllers", why))
    return causes
