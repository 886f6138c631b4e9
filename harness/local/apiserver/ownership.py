"""Who owns which field: the entries of metadata.managedFields, before and after a write. Pure.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from harness.local.apiserver.fieldsets import Fields, from_fields_v1, to_fields_v1, values_of
from harness.local.store import Object, Resource

APPLY: Final = "Apply"
UPDATE: Final = "Update"


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of managedFields. ``time`` is RFC 3339."""

    manager: str
    operation: str
    api_version: str
    time: str
    fields: Fields
    subresource: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells owners apart."""
        return self.manager, self.operation, self.subresource


def owners_of(obj: Object) -> list[Owner]:
    """The owners an object records."""
    return [
        Owner(
            manager=str(entry.get("manager", "")),
            operation=str(entry.get("operation", UPDATE)),
            api_version=str(entry.get("apiVersion", "")),
            time=str(entry.get("time", "")),
            fields=from_fields_v1(entry.get("fieldsV1")),
            subresource=str(entry.get("subresource", "")),
        )
        for entry in obj["metadata"].get("managedFields") or ()
        if isinstance(entry, Mapping)
    ]


def record(obj: dict[str, Any], owners: Sequence[Owner]) -> None:
    """Write the owners into an object; those that own nothing are left out."""
    entries = [
        {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            **({"time": owner.time} if owner.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields_v1(owner.fields),
            **({"subresource": owner.subresource} if owner.subresource else {}),
        }
        for owner in owners
        if owner.fields
    ]
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def after_update(
    resource: Resource, new: Mapping[str, Any], old: Object | None, owners: Sequence[Owner],
    me: Owner,
) -> list[Owner]:  # fmt: skip
    """The owners after a create, update or patch by ``me`` (whose ``fields`` are ignored).

    What changed is mine now; what disappeared is nobody's.
    """
    after = values_of(resource, new)
    before = values_of(resource, old) if old is not None else {}
    changed = frozenset(
        path for path, value in after.items() if path not in before or before[path] != value
    )
    present = frozenset(after)
    result = []
    mine: Fields = frozenset()
    for owner in owners:
        if owner.key == me.key:
            mine = owner.fields & present
        else:
            result.append(replace(owner, fields=(owner.fields - changed) & present))
    if changed or mine:
        kept = next((owner for owner in owners if owner.key == me.key), me)
        result.append(replace(me if changed else kept, fields=mine | changed))
    return result
