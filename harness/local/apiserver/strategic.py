"""Strategic merge patch for the built-in kinds. Pure: returns a new document.

Lists are merged by key where Kubernetes' types say so (``patchMergeKey`` in
k8s.io/api/{core,apps}/v1/types.go), replaced otherwise. Directives: ``$patch``,
``$setElementOrder/F``, ``$deleteFromPrimitiveList/F``, ``$retainKeys``
(k8s.io/apimachinery/pkg/util/strategicpatch).
"""

from __future__ import annotations

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
            if result.get(field) is not None:
                result[field] = _ordered(_list(result[field], field), order, name)
    return result


def _merge_value(resource: Resource, field: str, old: Any, new: Any) -> Any:
    if isinstance(new, Mapping):
        return _merge_map(resource, old if isinstance(old, Mapping) else {}, new)
    if isinstance(new, list):
        key = _merge_key(resource, field)
        if key is not None:
            return _merge_list(resource, field, key, old if isinstance(old, list) else [], new)
        if field in _PRIMITIVE_SETS and isinstance(old, list):
            return [*old, *(item for item in new if item not in old)]
    return copied(new)


def _merge_list(
    resource: Resource, field: str, key: str, old: Sequence[Any], patch: Sequence[Any]
) -> list[Any]:
    directives = [_directive(item, field) for item in patch]
    if "replace" in directives:
        added = zip(patch, directives, strict=True)
        return [copied(_keyed(item, field, key)) for item, each in added if each is None]
    result = list(old)
    for item in patch:
        _keyed(item, field, key)
        places = [
            place
            for place, existing in enumerate(result)
            if isinstance(existing, Mapping) and existing.get(key) == item[key]
        ]
        if item.get(_DIRECTIVE) == "delete":
            result = [each for place, each in enumerate(result) if place not in places]
        elif places:
            result[places[0]] = _merge_map(resource, result[places[0]], item)
        else:
            result.append(_merge_map(resource, {}, item))
    return result


def _ordered(items: list[Any], order: Sequence[Any], key: str | None) -> list[Any]:
    """Listed items take the order of the list; the others keep their place after their left one."""

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, Mapping) else item

    wanted = [identity(item) for item in order]
    listed = sorted(
        (item for item in items if identity(item) in wanted),
        key=lambda item: wanted.index(identity(item)),
    )
    result = list(listed)
    for place, item in enumerate(items):
        if identity(item) not in wanted:
            before = items[place - 1] if place else None
            at = result.index(before) + 1 if before in result else 0
            result.insert(at, item)
    return result


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
