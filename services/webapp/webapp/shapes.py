"""What the services' answers must look like, and how the webapp writes them again.

Only these fields pass, in this order; anything else a service sends is left behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Fields = dict[str, Any]


class WrongShape(ValueError):
    """A body is not what the service is known to send; the message says where."""


def items(body: bytes) -> list[Fields]:
    """The catalog's listing. Raises WrongShape."""
    return _array(_decoded(body), item)


def one_item(body: bytes) -> Fields:
    """One item of the catalog. Raises WrongShape."""
    return item(_decoded(body))


def users(body: bytes) -> list[Fields]:
    """The forum's users. Raises WrongShape."""
    return _array(_decoded(body), user)


def new_item(body: bytes) -> Fields:
    """An item as a client of the shop sends it, without what the catalog adds itself.

    Raises WrongShape.
    """
    return _texts(_object(_decoded(body)), "color", "department", "name", "price")


def item(value: object) -> Fields:
    """The fields of an item; ``imageUrl`` only if there is one."""
    source = _object(value)
    fields = {
        "id": _integer(source, "id"),
        **_texts(source, "color", "department", "name", "price"),
    }
    if source.get("imageUrl"):
        fields |= _texts(source, "imageUrl")
    return fields


def user(value: object) -> Fields:
    """The fields of a user, with those of the address and the company."""
    source = _object(value)
    return {
        "id": _integer(source, "id"),
        **_texts(source, "name", "username", "email"),
        "address": _texts(_object(source.get("address")), "street", "suite", "city", "zipcode"),
        **_texts(source, "phone", "website"),
        "company": _texts(_object(source.get("company")), "name", "catchPhrase", "bs"),
    }


def compact_json(value: object) -> bytes:
    """JSON without a space, as the webapp writes it. UTF-8; half a surrogate pair becomes ``?``."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")


def _decoded(body: bytes) -> object:
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongShape(f"not JSON: {error}") from error
    return decoded


def _array(value: object, element: Callable[[object], T]) -> list[T]:
    if not isinstance(value, list):
        raise WrongShape(f"expected an array, got {type(value).__name__}")
    return [element(each) for each in value]


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WrongShape(f"expected an object, got {type(value).__name__}")
    return value


def _integer(source: Mapping[str, object], key: str) -> int:
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongShape(f"{key} must be an integer, got {value!r}")
    return value


def _texts(source: Mapping[str, object], *keys: str) -> Fields:
    fields = {}
    for key in keys:
        value = source.get(key)
        if not isinstance(value, str):
            raise WrongShape(f"{key} must be a text, got {value!r}")
        fields[key] = value
    return fields
