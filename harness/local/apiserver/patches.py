"""JSON merge patch (RFC 7386) and JSON patch (RFC 6902). Pure: patches return a new document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from harness.local.apiserver.bodies import MAX_DEPTH
from harness.local.store.store import copied

MAX_OPERATIONS: Final = 10_000
"""As k8s.io/apiserver limits a JSON patch."""


class PatchError(ValueError):
    """The patch cannot be applied to this document; says which operation and why."""


def merge_patch(document: Any, patch: Any) -> Any:
    """The document with the merge patch applied; null removes."""
    if not isinstance(patch, Mapping):
        return copied(patch)
    result = dict(document) if isinstance(document, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


COPIED_LIMIT: Final = 100_000
"""Values that all ``copy`` operations of one patch may duplicate: few operations double often."""


def json_patch(document: Any, operations: Any) -> Any:
    """The document with the operations applied, all or none; PatchError if one fails."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch must be a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(
            f"the allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, "
            f"got {len(operations)}"
        )
    holder = {"root": copied(document)}
    budget = COPIED_LIMIT
    for index, operation in enumerate(operations):
        try:
            if isinstance(operation, Mapping) and operation.get("op") == "copy":
                budget -= size_of(_resolve(holder, _pointer(operation, "from")))
                if budget < 0:
                    raise PatchError(f"more than {COPIED_LIMIT} values would be copied")
            _apply(holder, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            reason = str(error) if isinstance(error, PatchError) else f"{error!r}"
            raise PatchError(f"operation {index} of the JSON patch: {reason}") from error
    return holder["root"]


def _apply(holder: dict[str, Any], operation: Any) -> None:
    if not isinstance(operation, Mapping):
        raise PatchError("is not an object")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise PatchError(f"op {name!r} is none of {', '.join(_OPERATIONS)}")
    _OPERATIONS[name](holder, operation)


def size_of(value: Any) -> int:
    """How many values a value holds, itself included; a text counts by its length.

    PatchError if it is nested deeper than a request may be. Iterative: few operations, each
    below the one before, nest deeper than the stack allows.
    """
    total = 0
    level = [value]
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for each in level:
            total += 1 + len(each) // 64 if isinstance(each, str) else 1
            if isinstance(each, Mapping):
                following.extend(each.values())
            elif isinstance(each, list):
                following.extend(each)
        level = following
        if not level:
            return total
    raise PatchError(f"a value would be nested deeper than {MAX_DEPTH} levels")


def _pointer(operation: Mapping[str, Any], field: str = "path") -> list[str]:
    text = operation.get(field)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchError(f"{field} {text!r} is not a JSON pointer")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]
    return ["root", *steps]


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchError(f"{operation['op']} needs a value")
    return copied(operation["value"])


def _index(container: list[Any], step: str, *, end: bool = False) -> int:
    if end and step == "-":
        return len(container)
    if not (step.isascii() and step.isdigit()) or (len(step) > 1 and step[0] == "0"):
        raise PatchError(f"{step!r} is not an index of a list")
    index = int(step) if len(step) < 10 else len(container) + 1
    if index > len(container) or (index == len(container) and not end):
        raise PatchError(f"index {step} is beyond the list's {len(container)} elements")
    return index


def _resolve(holder: dict[str, Any], steps: Sequence[str]) -> Any:
    found: Any = holder
    for step in steps:
        if isinstance(found, list):
            found = found[_index(found, step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            raise PatchError(f"nothing is at /{'/'.join(steps[1:])}")
    return found


def _insert(holder: dict[str, Any], steps: list[str], value: Any) -> None:
    parent = _resolve(holder, steps[:-1])
    if isinstance(parent, list):
        parent.insert(_index(parent, steps[-1], end=True), value)
    elif isinstance(parent, dict):
        parent[steps[-1]] = value
    else:
        raise PatchError(f"/{'/'.join(steps[1:-1])} is neither object nor list")


def _take(holder: dict[str, Any], steps: list[str]) -> Any:
    parent = _resolve(holder, steps[:-1])
    if isinstance(parent, list):
        return parent.pop(_index(parent, steps[-1]))
    if isinstance(parent, dict) and steps[-1] in parent:
        return parent.pop(steps[-1])
    raise PatchError(f"nothing is at /{'/'.join(steps[1:])}")


def _add(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    _insert(holder, _pointer(operation), _value(operation))


def _remove(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    steps = _pointer(operation)
    if len(steps) == 1:
        raise PatchError("the whole object cannot be removed by a patch; delete it")
    _take(holder, steps)


def _replace(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    steps, value = _pointer(operation), _value(operation)
    parent = _resolve(holder, steps[:-1])
    _resolve(holder, steps)
    parent[_index(parent, steps[-1]) if isinstance(parent, list) else steps[-1]] = value


def _move(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    source, target = _pointer(operation, "from"), _pointer(operation)
    if target[: len(source)] == source and target != source:
        raise PatchError("a value cannot be moved into itself")
    _insert(holder, target, _take(holder, source))


def _copy(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    _insert(holder, _pointer(operation), copied(_resolve(holder, _pointer(operation, "from"))))


def _test(holder: dict[str, Any], operation: Mapping[str, Any]) -> None:
    if not _same(_resolve(holder, _pointer(operation)), operation.get("value")):
        raise PatchError(f"testing value {operation.get('path')} failed")


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON (RFC 6902, 4.6): ``false`` is no number, though Python's equals 0.

    As deep as the shallower of the two, so a value of a request bounds the recursion.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


_OPERATIONS: Final[Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], None]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
