"""Manifest files as objects, and objects as ``kubectl apply`` would leave them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from harness.errors import ApplyRefused

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def read(path: Path) -> list[dict[str, Any]]:
    """The objects of a manifest file, in order, Lists unfolded. ApplyRefused if it is not sound."""
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ApplyRefused(
            f"manifest {path} cannot be read: {error}", "correct the file"
        ) from error
    objects: list[dict[str, Any]] = []
    for document in filter(None, documents):
        items = document.get("items", []) if _is_list(document) else [document]
        for item in items:
            if not isinstance(item, dict) or not item.get("metadata", {}).get("name"):
                raise ApplyRefused(
                    f"manifest {path} holds something that is no named object: {item!r}",
                    "give every document apiVersion, kind and metadata.name",
                )
            objects.append(item)
    if not objects:
        raise ApplyRefused(f"manifest {path} holds no object", "write one into it")
    return objects


def annotated(obj: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object with the annotation from which a later ``kubectl apply`` works out removals.

    ``namespace`` is empty for cluster-scoped kinds. Form: kubectl, pkg/util/apply.go.
    """
    new = copy.deepcopy(dict(obj))
    metadata = new["metadata"]
    if namespace:
        metadata.setdefault("namespace", namespace)
    metadata["annotations"] = dict(metadata.get("annotations") or {})
    metadata["annotations"].pop(LAST_APPLIED, None)
    applied = json.dumps(new, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    metadata["annotations"][LAST_APPLIED] = applied
    return new


def replacing(new: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """What to PUT over ``live``: the new content, with labels and annotations others added kept."""
    merged = copy.deepcopy(dict(new))
    metadata, old = merged["metadata"], live["metadata"]
    metadata["resourceVersion"] = old["resourceVersion"]
    for field in ("labels", "annotations"):
        if old.get(field) or metadata.get(field):
            metadata[field] = {**(old.get(field) or {}), **(metadata.get(field) or {})}
    if "finalizers" in old:
        metadata.setdefault("finalizers", old["finalizers"])
    return merged


def _is_list(document: Any) -> bool:
    return isinstance(document, dict) and str(document.get("kind", "")).endswith("List")
