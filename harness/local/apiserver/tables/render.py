"""Objects as a metav1.Table, and as metav1.PartialObjectMetadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver.tables import cluster, istio, network, workloads
from harness.local.apiserver.tables.columns import Layout, columns, created
from harness.local.store import Object, Resource

_LAYOUTS: Final[Mapping[Resource, Layout]] = {
    **workloads.LAYOUTS,
    **network.LAYOUTS,
    **cluster.LAYOUTS,
    **istio.LAYOUTS,
}
_PLAIN: Final = Layout(
    columns("Name, Age"), lambda obj, now: (obj["metadata"]["name"], created(obj, now))
)


def partial(obj: Object) -> dict[str, Any]:
    """The object's metadata only."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj["metadata"],
    }


def table(
    resource: Resource,
    objects: Iterable[Object],
    now: datetime,
    *,
    metadata: Mapping[str, Any],
    include: str = "Metadata",
    headed: bool = True,
) -> dict[str, Any]:
    """The objects as a Table; ``include`` is the query's includeObject (None, Metadata, Object)."""
    layout = _LAYOUTS.get(resource, _PLAIN)
    rows: list[dict[str, Any]] = []
    for obj in objects:
        row: dict[str, Any] = {"cells": list(layout.cells(obj, now))}
        if include != "None":
            row["object"] = obj if include == "Object" else partial(obj)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "columnDefinitions": (
            [column.definition() for column in layout.columns] if headed else None
        ),
        "rows": rows,
    }
