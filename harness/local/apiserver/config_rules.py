"""ConfigMaps, Secrets, namespaces and the node. Pure.

Source of rules and words: k8s.io/kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from harness.local.apiserver.causes import forbidden, invalid, not_here
from harness.local.store import Object
from harness.local.store.errors import Cause

SIZE_LIMIT: Final = 1024 * 1024
"""Bytes of all data of one ConfigMap or Secret."""
_KEY_WORDS: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def config_map(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Keys and size."""
    del old
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = _keys(data, "data") + _keys(binary, "binaryData")
    causes += [
        invalid(f"binaryData[{key}]", key, "duplicate of key present in data")
        for key in binary
        if key in data
    ]
    return causes + _size({**binary, **data})


def secret(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Keys and size; ``stringData`` is folded into ``data``, as the API server does."""
    if (old is not None) and obj.get("type", old.get("type")) != old.get("type"):
        return [invalid("type", obj.get("type"), "field is immutable")]
    if isinstance(obj, dict) and (plain := obj.pop("stringData", None)):
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}
    data = obj.get("data") or {}
    return _keys(data, "data") + _size(data)


def immutable_data(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Data of an object marked immutable stays, and so does the mark."""
    if old is None or not old.get("immutable"):
        return []
    if not obj.get("immutable"):
        return [forbidden("immutable", "field is immutable when `immutable` is set")]
    return [
        forbidden(field, "field is immutable when `immutable` is set")
        for field in ("data", "binaryData")
        if (obj.get(field) or {}) != (old.get(field) or {})
    ]


def namespace(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """The label that carries the name is the server's."""
    del old
    label = "kubernetes.io/metadata.name"
    value = (obj["metadata"].get("labels") or {}).get(label)
    name = obj["metadata"].get("name")
    if value in (None, name):
        return []
    return [invalid(f"metadata.labels[{label}]", value, f"must be {name}")]


def node(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """The node is the machine; there is no scheduler that a taint or a cordon could tell."""
    del old
    spec = obj.get("spec") or {}
    return [not_here(f"spec.{field}") for field in ("taints", "unschedulable") if spec.get(field)]


def _keys(data: Mapping[str, Any], field: str) -> list[Cause]:
    return [
        invalid(f"{field}[{key[:100]}]", key, _KEY_WORDS)
        for key in data
        if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key) or key in (".", "..")
    ]


def _size(data: Mapping[str, str]) -> list[Cause]:
    if sum(len(value) for value in data.values()) <= SIZE_LIMIT:
        return []
    return [
        Cause("data", f"Too long: may not be more than {SIZE_LIMIT} bytes", "FieldValueTooLong")
    ]
