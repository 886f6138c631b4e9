"""Strategic merge patch for the built-in kinds. Pure: returns a new document.

Lists are merged by key where Kubernetes' types say so (``patchMergeKey`` in
k8s.io/api/{core,apps}/v1/types.go), replaced otherwise. Directives: ``$patch``,
``$setElementOrder/F``, ``$deleteFromPrimitiveList/F``, ``$retainKeys``
(k8s.io/apimachinery/pkg/util/strategicpatch).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.local.apiserver.patches import PatchError
from harness.local.store import Resource, kinds
from harness.local.store.store import copied

_ORDER: Final = "$setElementOrder/"
_REMOVE: Final = "$deleteFromPrimitiveList/"
_DIRECTIVE: Final = "$patch"
_RETAIN: Final = "$retainKeys"

_MERGE_KEYS: Final[Mapping[str, str]] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "secrets": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "hostIPs": "ip",
    "addresses": "type",
}
_PRIMITIVE_SETS: Final = frozenset({"finalizers"})
_PORTS_KEY: Final[Mapping[Resource, str]] = {
    kinds.SERVICES: "port",
    kinds.PODS: "containerPort",
    kinds.DEPLOYMENTS: "containerPort",
    kinds.REPLICA_SETS: "containerPort",
}
_ATOMIC: Final[Mapping[Resource, frozenset[str]]] = {
    kinds.ENDPOINTS: frozenset({"addresses"}),
    kinds.ENDPOINT_SLICES: frozenset({"addresses"}),
    kinds.NAMESPACES: frozenset({"spec.finalizers"}),
}


def strategic_merge(resource: Resource, document: Any, patch: Any) -> Any:
    """The document with the patch applied; PatchError if the patch is malformed."""
    if not isinstance(patch, Mapping) or not isinstance(document, Mapping):
        raise PatchError("a strategic merge patch must be an object")
    return _merge_map(resource, document, patch)


def _merge_key(resource: Resource, field: str) -> str | None:
    if field == "ports":
        return _PORTS_KEY.get(resource)
    if field in _ATOMIC.get(resource, ()):
        return None
    return _MERGE_KEYS.get(field)


def _merge_map(resource: Resource, document: Mapping[str, Any], patch: Mapping[str, Any]) -> Any:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {key: copied(value) for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise _unknown_directive(directive)
    result = dict(document)
    if (kept := patch.get(_RETAIN)) is not None:
        result = {key: value for key, value in result.items() if key in _list(kept, _RETAIN)}
    for key, value in patch.items():
        if key.startswith(_REMOVE):
            field = key.removeprefix(_REMOVE)
            gone = _list(value, key)
            if result.get(field) is not None:
                result[field] = [item for item in _list(result[field], field) if item not in gone]
        elif key in (_DIRECTIVE, _RETAIN) or key.startswith(_ORDER):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_value(resource, key, result.get(key), value)
    for key, value in patch.items():
        if key.startswith(_ORDER):
            field = key.removeprefix(_ORDER)
            order, name = _list(value, key), _merge_key(resource, field)
            if name is not None:
                order = [_keyed(item, key, name) for item in order]
            _check_order(patch.get(field), order, field, name)
            if result.get(field) is not None:
                live = document.get(field)
                live = live if isinstance(live, list) else []
                result[field] = _ordered(_list(result[field], field), order, live, name)
    return result


def _merge_value(resource: Resource, field: str, old: Any, new: Any) -> Any:
    if isinstance(new, Mapping):
        return _merge_map(resource, old if isinstance(old, Mapping) else {}, new)
    if isinstance(new, list):
        key = _merge_key(resource, field)
        if key is not None:
            return _merge_list(resource, field, key, old if isinstance(old, list) else [], new)
        if field in _PRIMITIVE_SETS and isinstance(old, list):
            return _ordered([*old, *(item for item in new if item not in old)], new, old, None)
    return copied(new)


def _merge_list(
    resource: Resource, field: str, key: str, old: Sequence[Any], patch: Sequence[Any]
) -> list[Any]:
    directives = [_directive(item, field) for item in patch]
    if "replace" in directives:
        added = zip(patch, directives, strict=True)
        return [copied(_keyed(item, field, key)) for item, each in added if each is None]
    ids = [_identity(_keyed(item, field, key), key) for item in patch]
    gone = {each for each, directive in zip(ids, directives, strict=True) if directive == "delete"}
    live = [item for item in old if _identity(item, key) not in gone]
    result, places = list(live), _places(live, key)
    changes = [item for item, each in zip(patch, directives, strict=True) if each != "delete"]
    for item in changes:
        place = places.setdefault(_identity(item, key), len(result))
        if place < len(result):
            result[place] = _merge_map(resource, result[place], item)
        else:
            result.append(_merge_map(resource, {}, item))
    return _ordered(result, changes, live, key)


def _ordered(
    items: Sequence[Any], order: Sequence[Any], live: Sequence[Any], key: str | None
) -> list[Any]:
    """The items in the order of a patch; those that it does not name keep their live order.

    An item of the second kind goes before the first one of the patch that is live behind it, or
    at the end: so an item that only the patch has comes before it (``normalizeElementOrder``).
    """
    wanted, before = _places(order, key), _places(live, key)
    beyond = len(before)
    named = sorted(
        (item for item in items if _identity(item, key) in wanted),
        key=lambda item: wanted[_identity(item, key)],
    )
    others = [item for item in items if _identity(item, key) not in wanted]
    others.sort(key=lambda item: before.get(_identity(item, key), beyond))
    result: list[Any] = []
    waiting = deque(others)
    for item in named:
        place = before.get(_identity(item, key), -1)
        while waiting and before.get(_identity(waiting[0], key), beyond) < place:
            result.append(waiting.popleft())
        result.append(item)
    return [*result, *waiting]


def _check_order(patch: Any, order: Sequence[Any], field: str, key: str | None) -> None:
    """PatchError unless the items of a patch are in the order that it sets."""
    if not isinstance(patch, list) or not patch or not order:
        return
    rest = iter([_identity(item, key) for item in order])
    for item in patch:
        directed = isinstance(item, Mapping) and _DIRECTIVE in item
        if not directed and _identity(item, key) not in rest:
            raise PatchError(
                f"{field}: the order in the patch, {_shown(patch)}, doesn't match {_ORDER}{field}, "
                f"{_shown(order)}"
            )


def _places(items: Sequence[Any], key: str | None) -> dict[str, int]:
    """Where each item is first."""
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_identity(item, key), place)
    return places


def _identity(item: Any, key: str | None) -> str:
    """What tells an item of a list apart: its value under the key, or itself."""
    value = item.get(key) if key and isinstance(item, Mapping) else item
    return json.dumps(copied(value), sort_keys=True)


def _directive(item: Any, field: str) -> str | None:
    """``$patch`` of an item of a list that is merged by key."""
    directive = _object(item, field).get(_DIRECTIVE)
    if directive is None or directive in ("replace", "merge", "delete"):
        return directive
    raise _unknown_directive(directive)


def _unknown_directive(directive: Any) -> PatchError:
    return PatchError(f"$patch: {_shown(directive)} is none of replace, merge, delete")


def _keyed(item: Any, field: str, key: str) -> Mapping[str, Any]:
    """The item of a list that is merged by this key."""
    if key not in _object(item, field):
        raise PatchError(f"{field}: map: {_shown(item)} does not contain declared merge key: {key}")
    return item  # type: ignore[no-any-return]


def _object(item: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise PatchError(f"{field}: {_shown(item)} is no object, unlike the items of this list")
    return item


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise PatchError(f"{what} must be a list, not {_shown(value)}")
    return value
