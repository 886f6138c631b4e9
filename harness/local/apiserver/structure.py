"""Structural validation: does a built-in object have the shape of its type?

Walks the object beside the type extract in ``schema/builtin.json`` (written by
tools/generate_kubernetes_schema.py). Unknown fields and nulls are removed, as decoding into a
typed object does; unknown fields are also reported. Words of errors follow Go's encoding/json,
which kubectl users know from real API servers.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import functools
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.local.apiserver.quantities import is_quantity

FOLDER: Final = Path(__file__).parent / "schema"
METADATA_ONLY: Final = "MetadataOnly"
"""A type of this module's own: for objects whose other fields somebody else checks."""
ISTIO_FIELDS: Final[Mapping[str, Any]] = dict.fromkeys(
    ("apiVersion", "kind", "metadata", "spec", "status")
)
"""Of an object whose ``spec`` the pilot judges; others are not stored."""


class ShapeError(ValueError):
    """A value has the wrong type; says which field and which types, in Go's words."""


@functools.cache
def types() -> Mapping[str, Mapping[str, Any]]:
    """Every type: its ``fields`` (name → type code) and its ``required`` ones."""
    loaded: dict[str, dict[str, Any]] = json.loads((FOLDER / "builtin.json").read_text("utf-8"))
    loaded[METADATA_ONLY] = {"fields": {"metadata": "#ObjectMeta"}, "required": []}
    return loaded


def prune(kind: str, document: dict[str, Any]) -> list[str]:
    """Check ``document`` in place against a type; return the unknown fields, with their paths.

    Raises ShapeError for a value of the wrong type. The document is at most
    ``bodies.MAX_DEPTH`` deep, so recursion is safe.
    """
    unknown: list[str] = []
    _walk(kind, document, "", unknown)
    return unknown


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """`` (did you mean "x"?)`` if something is close, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def _walk(kind: str, value: dict[str, Any], path: str, unknown: list[str]) -> None:
    fields = types()[kind]["fields"]
    for name in list(value):
        code = fields.get(name)
        item = value[name]
        where = f"{path}.{name}" if path else name
        if code is None:
            unknown.append(f'unknown field "{where}"{nearest(name, fields)}')
            del value[name]
        elif item is None:
            del value[name]
        else:
            value[name] = _checked(code, item, kind, where, unknown)


def _checked(code: str, value: Any, owner: str, where: str, unknown: list[str]) -> Any:
    if scalar := _SCALARS.get(code):
        checked, right = scalar(value)
        if not right:
            raise _mismatch(value, owner, where, code)
        return checked
    if code.startswith("[]"):
        if not isinstance(value, list):
            raise _mismatch(value, owner, where, code)
        return [
            _element(code[2:], item, owner, f"{where}[{index}]", unknown)
            for index, item in enumerate(value)
        ]
    if code.startswith("{}"):
        if not isinstance(value, dict):
            raise _mismatch(value, owner, where, code)
        return {key: _element(code[2:], item, owner, where, unknown) for key, item in value.items()}
    if not isinstance(value, dict):
        raise _mismatch(value, owner, where, code)
    _walk(code.removeprefix("#"), value, where, unknown)
    return value


def _element(code: str, value: Any, owner: str, where: str, unknown: list[str]) -> Any:
    """A null inside a list or map decodes to the type's zero value."""
    if value is None:
        return _ZEROS.get(code, {} if code.startswith("#") else None)
    return _checked(code, value, owner, where, unknown)


def _mismatch(value: Any, owner: str, where: str, code: str) -> ShapeError:
    plain = re.sub(r"\[\d+\]", "", where)
    met = _JSON_NAMES.get(type(value), "value")
    if met == "string" and code in ("quantity", "datetime", "bytes"):
        return ShapeError(f"{where}: {_PARSE_WORDS[code]}, not {str(value)[:80]!r}")
    shown = f"number {value}" if met == "number" and code == "int" else met
    return ShapeError(
        f"json: cannot unmarshal {shown} into Go struct field {owner}.{plain} of type "
        f"{_go_type(code)}"
    )


def _go_type(code: str) -> str:
    if code.startswith("[]"):
        return f"[]{_go_type(code[2:])}"
    if code.startswith("{}"):
        return f"map[string]{_go_type(code[2:])}"
    return f"v1.{code[1:]}" if code.startswith("#") else _GO_NAMES[code]


def _string(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, str)


def _integer(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, int) and not isinstance(value, bool)


def _boolean(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, bool)


def _number(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, int | float) and not isinstance(value, bool)


def _integer_or_string(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, int | str) and not isinstance(value, bool)


def _quantity(value: Any) -> tuple[Any, bool]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value, isinstance(value, str) and is_quantity(value)


def _time(value: Any) -> tuple[Any, bool]:
    if not isinstance(value, str):
        return value, False
    try:
        return value, datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return value, False


def _base64(value: Any) -> tuple[Any, bool]:
    if not isinstance(value, str):
        return value, False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value, False
    return value, True


_SCALARS: Final[Mapping[str, Callable[[Any], tuple[Any, bool]]]] = {
    "str": _string,
    "int": _integer,
    "bool": _boolean,
    "float": _number,
    "intstr": _integer_or_string,
    "quantity": _quantity,
    "datetime": _time,
    "bytes": _base64,
    "object": lambda value: (value, True),
}
_ZEROS: Final[Mapping[str, Any]] = {
    "str": "", "int": 0, "bool": False, "float": 0, "intstr": 0, "quantity": "0", "bytes": "",
}  # fmt: skip
_GO_NAMES: Final = {
    "str": "string",
    "int": "int32",
    "bool": "bool",
    "float": "float64",
    "intstr": "intstr.IntOrString",
    "quantity": "resource.Quantity",
    "datetime": "v1.Time",
    "bytes": "[]uint8",
    "object": "interface {}",
}
_JSON_NAMES: Final = {
    str: "string",
    int: "number",
    float: "number",
    bool: "bool",
    list: "array",
    dict: "object",
}
_PARSE_WORDS: Final = {
    "quantity": "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    "datetime": "must be a time in the form of RFC 3339",
    "bytes": "illegal base64 data",
}
