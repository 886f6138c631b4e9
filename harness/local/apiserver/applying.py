"""Server-side apply: the fields a manager wants, merged into the object. Pure.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.local.apiserver import structure
from harness.local.apiserver.fieldsets import (
    Fields,
    Path,
    fields_of,
    is_atomic,
    item_key,
    list_keys,
    shown,
    values_of,
)
from harness.local.apiserver.ownership import APPLY, Owner, record
from harness.local.apiserver.statuses import Refusal
from harness.local.store import Object, Resource, kinds
from harness.local.store.store import copied


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another manager owns a field and wants it otherwise."""

    owner: Owner
    path: Path


def apply_fields(
    resource: Resource, live: Object, wanted: dict[str, Any], owners: Sequence[Owner], me: Owner,
    *, force: bool,
) -> dict[str, Any]:  # fmt: skip
    """The live object with the wanted fields, and its managedFields brought up to date.

    Refusal 409 if other managers own a field with another value, unless forced: then it is mine;
    400 if a list has two items of one key.
    """
    _refuse_duplicates(resource, wanted)
    mine = fields_of(resource, _decoded(resource, wanted))
    others = [owner for owner in owners if owner.key != me.key]
    conflicts = find_conflicts(resource, live, wanted, others)
    if conflicts and not force:
        raise conflict_refusal(conflicts)
    taken = frozenset(conflict.path for conflict in conflicts)
    others = [replace(owner, fields=owner.fields - taken) for owner in others]
    before = next((owner for owner in owners if owner.key == me.key), None)
    result: dict[str, Any] = _merge(resource, copied(live), wanted)
    if before is not None:
        kept = frozenset[Path]().union(*(owner.fields for owner in others)) | mine
        remove_fields(resource, result, before.fields - kept, kept)
    same = before is not None and before.fields == mine
    entry = replace(before if before is not None and same else me, fields=mine, operation=APPLY)
    record(result, [*others, entry])
    return result


def _decoded(resource: Resource, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of the wanted object will be stored: no nulls, no unknown fields, no ``stringData``."""
    result: dict[str, Any] = copied(wanted)
    try:
        if resource in kinds.ISTIO:
            result = {field: result[field] for field in structure.ISTIO_FIELDS if field in result}
            structure.prune(structure.METADATA_ONLY, {"metadata": result.get("metadata") or {}})
        else:
            structure.prune(resource.kind, result)
    except structure.ShapeError:
        # The write is refused when the merged object is judged, in the words of its kind.
        return result
    if resource is kinds.SECRETS and (plain := result.pop("stringData", None)):
        result["data"] = {**(result.get("data") or {}), **plain}
    return result


def find_conflicts(
    resource: Resource, live: Object, wanted: Mapping[str, Any], others: Iterable[Owner]
) -> list[Conflict]:
    """Fields that another manager owns and that would change."""
    has, wants = values_of(resource, live), values_of(resource, wanted)
    return [
        Conflict(owner, path)
        for owner in others
        for path in sorted(owner.fields & frozenset(wants))
        if has.get(path) != wants[path]
    ]


def conflict_refusal(conflicts: Sequence[Conflict]) -> Refusal:
    """409 in the words that kubectl knows."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{conflict.owner.manager}"'
            + (" using " + conflict.owner.api_version if conflict.owner.operation != APPLY else ""),
            "field": shown(conflict.path),
        }
        for conflict in conflicts
    ]
    listed = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    plural = "conflict" if len(causes) == 1 else "conflicts"
    return Refusal(
        409, "Conflict", f"Apply failed with {len(causes)} {plural}: {listed}", {"causes": causes}
    )


def _merge(resource: Resource, live: Any, wanted: Mapping[str, Any]) -> Any:
    result = live if isinstance(live, dict) else {}
    for field, value in wanted.items():
        keys = list_keys(resource, field)
        old = result.get(field)
        merged = bool(keys) if isinstance(old, list) else not is_atomic(resource, field)
        if value is None and merged and isinstance(old, dict | list):
            # As structured-merge-diff: no wish for what lies below, which others may own.
            continue
        if isinstance(value, Mapping) and not is_atomic(resource, field):
            result[field] = _merge(resource, old, value)
        elif isinstance(value, list) and keys and isinstance(old, list):
            result[field] = _merge_items(resource, keys, old, value)
        elif isinstance(value, list) and field == "finalizers" and isinstance(old, list):
            result[field] = [*old, *(item for item in value if item not in old)]
        else:
            result[field] = copied(value)
    return result


def _merge_items(
    resource: Resource, keys: Sequence[str], live: list[Any], wanted: list[Any]
) -> list[Any]:
    """The live items in their order, those that are wanted merged, then the new ones.

    Live items of one key, which updates may leave, become one when it is applied.
    """
    by_key: dict[str, Mapping[str, Any]] = {}
    for item in wanted:
        if not isinstance(item, Mapping):
            raise Refusal(400, "BadRequest", f"{item!r} is an item of a list of objects")
        by_key[item_key(keys, item)] = item
    result = []
    merged = set()
    for item in live:
        key = item_key(keys, item) if isinstance(item, Mapping) else ""
        if key not in by_key:
            result.append(item)
        elif key not in merged:
            merged.add(key)
            result.append(_merge(resource, item, by_key[key]))
    new = (item for key, item in by_key.items() if key not in merged)
    return result + [_merge(resource, None, item) for item in new]


def _refuse_duplicates(resource: Resource, wanted: Mapping[str, Any], path: Path = ()) -> None:
    """400 if a list names one of its items twice: which of them is wanted?"""
    for field, value in wanted.items():
        here = (*path, f"f:{field}")
        keys = list_keys(resource, field)
        if isinstance(value, Mapping) and not is_atomic(resource, field):
            _refuse_duplicates(resource, value, here)
        elif isinstance(value, list) and keys:
            seen = set()
            for item in value:
                if not isinstance(item, Mapping):
                    continue
                key = item_key(keys, item)
                if key in seen:
                    raise Refusal(
                        400,
                        "BadRequest",
                        f"failed to create typed patch object: {shown(here)}: duplicate entries "
                        f"for key {shown((key,))}; name each item once",
                    )
                seen.add(key)
                _refuse_duplicates(resource, item, (*here, key))


def remove_fields(
    resource: Resource, obj: dict[str, Any], gone: Iterable[Path], kept: Fields
) -> None:
    """Drop the fields in place, and the lists and objects they leave empty.

    The order of ``gone`` does not matter: an item of a list with keys goes as a whole, before
    any field. If somebody still owns something of it, it stays, and keeps the keys that tell it
    apart (structured-merge-diff adds such items back; without its keys an item is not sound).
    """
    held = {path[:end] for path in kept for end in range(1, len(path) + 1)}
    paths = sorted(gone)
    for path in paths:
        if path[-1] == "." and path[:-1] not in held:
            _remove_one(resource, obj, path[:-1])
    for path in paths:
        if path[-1] != "." and path not in held and not _is_key(resource, path):
            _remove_one(resource, obj, path)


def _is_key(resource: Resource, path: Path) -> bool:
    """Whether this field is one of those that tell the items of its list apart."""
    if len(path) < 3 or not path[-2].startswith("k:"):
        return False
    return path[-1].removeprefix("f:") in (list_keys(resource, path[-3].removeprefix("f:")) or ())


def _remove_one(resource: Resource, obj: Any, path: Path) -> None:
    if not path or not path[0].startswith("f:") or not isinstance(obj, dict):
        return
    field = path[0][2:]
    if field not in obj:
        return
    if len(path) == 1:
        del obj[field]
        return
    below = obj[field]
    if path[1].startswith("f:"):
        _remove_one(resource, below, path[1:])
    elif isinstance(below, list):
        keys = list_keys(resource, field) or ()
        for index, item in enumerate(below):
            mark = item_key(keys, item) if isinstance(item, Mapping) else "v:" + json.dumps(item)
            if mark == path[1]:
                if len(path) == 2:
                    del below[index]
                else:
                    _remove_one(resource, item, path[2:])
                break
    if below in ({}, []):
        del obj[field]
