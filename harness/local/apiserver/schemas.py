"""OpenAPI schemas of the served kinds, from the committed extracts."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.local.apiserver import structure
from harness.local.store import ALL, Resource, kinds

_PREFIX: Final = "io.k8s.api."
_SCALARS: Final[Mapping[str, Mapping[str, Any]]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "object": {},
    "datetime": {"type": "string", "format": "date-time"},
    "bytes": {"type": "string", "format": "byte"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intstr": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
}


def components(served: Iterable[Resource], version: str) -> dict[str, Any]:
    """``components.schemas`` of one group-version."""
    found: dict[str, Any] = {}
    for resource in served:
        if resource in kinds.ISTIO:
            _add_istio(resource, version, found)
        elif resource in ALL:
            _add(resource.kind, found)
            _mark(found[_name(resource.kind)], resource, version)
        else:
            found[_name(resource.kind)] = {"type": "object"}
            _mark(found[_name(resource.kind)], resource, version)
    return found


def schema_name(resource: Resource, version: str) -> str:
    """Name of a kind's own schema among the components of its document."""
    if resource in kinds.ISTIO:
        return f"io.istio.networking.{version}.{resource.kind}"
    return _name(resource.kind)


def _mark(schema: dict[str, Any], resource: Resource, version: str) -> None:
    kind = {"group": resource.group, "version": version, "kind": resource.kind}
    schema["x-kubernetes-group-version-kind"] = [kind]


def _name(kind: str) -> str:
    return _PREFIX + kind


@functools.cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(
        (structure.FOLDER / "descriptions.json").read_text("utf-8")
    )
    return loaded


@functools.cache
def _istio() -> Mapping[str, Any]:
    loaded: dict[str, Any] = json.loads((structure.FOLDER / "istio.json").read_text("utf-8"))
    return loaded


def _add(kind: str, found: dict[str, Any]) -> None:
    waiting = [kind]
    while waiting:
        name = waiting.pop()
        if _name(name) in found:
            continue
        own, words = structure.types()[name], _descriptions()[name]
        properties = {}
        for field, code in sorted(own["fields"].items()):
            properties[field] = _schema(code, words.get(field, ""))
            waiting += re.findall(r"#(\w+)", code)
        found[_name(name)] = {
            "type": "object",
            "description": words.get("", ""),
            "properties": properties,
            **({"required": own["required"]} if own["required"] else {}),
        }


def _schema(code: str, description: str) -> dict[str, Any]:
    words = {"description": description} if description else {}
    if code.startswith("[]"):
        return {**words, "type": "array", "items": _schema(code[2:], "")}
    if code.startswith("{}"):
        return {**words, "type": "object", "additionalProperties": _schema(code[2:], "")}
    if code.startswith("#"):
        reference = {"$ref": f"#/components/schemas/{_name(code[1:])}"}
        return {**words, "allOf": [reference], "default": {}} if words else reference
    return {**words, **_SCALARS[code]}


def _add_istio(resource: Resource, version: str, found: dict[str, Any]) -> None:
    _add("ObjectMeta", found)
    schema = {
        "type": "object",
        "properties": {},
        **_istio()[resource.kind],
    }
    schema["properties"] = {
        **schema["properties"],
        "apiVersion": _schema("str", _descriptions()["Pod"]["apiVersion"]),
        "kind": _schema("str", _descriptions()["Pod"]["kind"]),
        "metadata": {"$ref": f"#/components/schemas/{_name('ObjectMeta')}"},
    }
    _mark(schema, resource, version)
    found[schema_name(resource, version)] = schema
