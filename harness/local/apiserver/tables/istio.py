"""Columns of Istio's kinds, as the additionalPrinterColumns of its CRDs give them.

Source: istio.io/api kubernetes/customresourcedefinitions.gen.yaml. Lists print as JSON, as the
API server prints a JSONPath that yields a list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver.tables.columns import Cells, Column, Layout, created
from harness.local.store import Object, Resource, kinds

_NAME: Final = Column("Name", description="Name must be unique within a namespace.")
_AGE: Final = Column(
    "Age",
    "date",
    description="CreationTimestamp is the server time when this object was created.",
)


def _cell(value: Any) -> Any:
    """Absent prints as empty text; lists and objects as compact JSON."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return json.dumps(list(value), separators=(",", ":"), ensure_ascii=False)
    return value


def _cells(*fields: str) -> Cells:
    def cells(obj: Object, now: datetime) -> Sequence[Any]:
        spec = obj.get("spec") or {}
        return (
            obj["metadata"]["name"],
            *(_cell(spec.get(field)) for field in fields),
            created(obj, now),
        )

    return cells


def _layout(**described: str) -> Layout:
    own = (Column(name, description=text) for name, text in described.items())
    return Layout((_NAME, *own, _AGE), _cells(*(name.lower() for name in described)))


LAYOUTS: Final[Mapping[Resource, Layout]] = {
    kinds.GATEWAYS: _layout(),
    kinds.VIRTUAL_SERVICES: _layout(
        Gateways="The names of gateways and sidecars that should apply these routes",
        Hosts="The destination hosts to which traffic is being sent",
    ),
    kinds.DESTINATION_RULES: _layout(Host="The name of a service from the service registry"),
    kinds.SERVICE_ENTRIES: _layout(
        Hosts="The hosts associated with the ServiceEntry",
        Location="Whether the service is external to the mesh or part of the mesh",
        Resolution="Service resolution mode for the hosts (NONE, STATIC, or DNS)",
    ),
}
