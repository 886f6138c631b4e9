"""Sets of fields: who owns which, as metadata.managedFields records it. Pure.

A field is a path of elements ``f:name`` (of an object), ``k:{…}`` (an item of a list with keys)
or ``v:…`` (an item of a set), exactly the keys of FieldsV1. A set holds the paths of leaves;
lists without keys, and objects that Kubernetes treats as one value, are leaves.
Source: sigs.k8s.io/structured-merge-diff, ``x-kubernetes-list-map-keys`` and
``x-kubernetes-map-type`` in Kubernetes' OpenAPI.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from harness.local.store import Resource, kinds

Path = tuple[str, ...]
Fields = frozenset[Path]

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "secrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "podIPs": ("ip",),
}
_PORT_KEYS: Final[Mapping[Resource, tuple[str, ...]]] = {
    kinds.SERVICES: ("port", "protocol"),
    kinds.PODS: ("containerPort", "protocol"),
    kinds.DEPLOYMENTS: ("containerPort", "protocol"),
    kinds.REPLICA_SETS: ("containerPort", "protocol"),
}
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_SETS: Final = frozenset({"finalizers"})
_ATOMIC: Final = frozenset(
    {"selector", "nodeSelector", "fieldRef", "configMapKeyRef", "secretKeyRef", "resourceFieldRef"}
)
_UNOWNED: Final = frozenset({"apiVersion", "kind"})
_UNOWNED_METADATA: Final = frozenset(
    {
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
        "managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
    }
)  # fmt: skip


def list_keys(resource: Resource, field: str) -> tuple[str, ...] | None:
    """The keys by which items of this list are told apart; None if the list is one value."""
    if resource in kinds.ISTIO and field not in ("ownerReferences",):
        return None
    return _PORT_KEYS.get(resource) if field == "ports" else _KEYS.get(field)


def item_key(keys: Iterable[str], item: Mapping[str, Any]) -> str:
    """``k:{…}`` of a list's item."""
    found = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(keys)}
    return "k:" + json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def is_atomic(resource: Resource, field: str) -> bool:
    """Whether an object below this field is owned as one value."""
    return field in _ATOMIC and resource not in kinds.ISTIO


def fields_of(resource: Resource, obj: Mapping[str, Any]) -> Fields:
    """Every field an object sets and somebody can own."""
    return frozenset(_walk(resource, obj, (), top=True))


def values_of(resource: Resource, obj: Mapping[str, Any]) -> dict[Path, Any]:
    """Every such field with its value."""
    return dict(_pairs(resource, obj, (), top=True))


def _walk(
    resource: Resource, obj: Mapping[str, Any], path: Path, *, top: bool = False
) -> Iterator[Path]:
    return (found for found, _ in _pairs(resource, obj, path, top=top))


def _pairs(
    resource: Resource, obj: Mapping[str, Any], path: Path, *, top: bool = False
) -> Iterator[tuple[Path, Any]]:
    for field, value in obj.items():
        if (top and field in _UNOWNED) or (path == ("f:metadata",) and field in _UNOWNED_METADATA):
            continue
        here = (*path, f"f:{field}")
        if isinstance(value, list):
            yield from _items(resource, field, value, here)
        elif isinstance(value, str) or not isinstance(value, Mapping):
            yield here, value
        elif value and not is_atomic(resource, field):
            yield from _pairs(resource, value, here)
        elif value or not top:
            yield here, value


def _items(
    resource: Resource, field: str, values: list[Any], here: Path
) -> Iterator[tuple[Path, Any]]:
    keys = list_keys(resource, field)
    if keys and all(isinstance(each, Mapping) for each in values):
        for item in values:
            at = (*here, item_key(keys, item))
            yield (*at, "."), None
            yield from _pairs(resource, item, at)
    elif field in _SETS:
        for item in values:
            yield (*here, "v:" + json.dumps(item)), item
    else:
        yield here, values


def to_fields_v1(fields: Iterable[Path]) -> dict[str, Any]:
    """The nested form that managedFields carries."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
    return tree


def from_fields_v1(tree: Any) -> Fields:
    """The inverse; anything malformed counts as owning nothing."""
    return frozenset(_leaves(tree, ())) if isinstance(tree, Mapping) else frozenset()


def _leaves(tree: Mapping[str, Any], path: Path) -> Iterator[Path]:
    for element, below in tree.items():
        here = (*path, element)
        if isinstance(below, Mapping) and below:
            yield from _leaves(below, here)
        else:
            yield here


def shown(path: Path) -> str:
    """A field as conflicts name it: ``.spec.containers[name="x"].image``."""
    text = ""
    for element in path:
        if element.startswith("f:"):
            text += f".{element[2:]}"
        elif element.startswith("k:"):
            keys = json.loads(element[2:])
            text += "[" + ",".join(f"{key}={json.dumps(keys[key])}" for key in keys) + "]"
        elif element.startswith("v:"):
            text += f"[={element[2:]}]"
    return text
