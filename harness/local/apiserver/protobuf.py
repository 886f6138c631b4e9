"""Kubernetes' protobuf envelope, decoded to the JSON form. Pure and driven by tables.

kubectl's typed commands (``create``, ``debug``) send it whatever the server would like. Message
layouts (``protobuf_tables``) follow k8s.io/api/*/generated.proto; a field that the tables lack is
refused, never dropped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from harness.local.apiserver.protobuf_tables import MESSAGES, Field, Kind

MAGIC: Final = b"k8s\x00"
CONTENT_TYPE: Final = "application/vnd.kubernetes.protobuf"
_MAX_DEPTH: Final = 40


class ProtobufError(ValueError):
    """The body is not the protobuf of a kind we know; says what was met."""


def decode(body: bytes) -> dict[str, Any]:
    """The object in an envelope (runtime.Unknown) as its JSON form; ProtobufError otherwise."""
    if not body.startswith(MAGIC):
        raise ProtobufError("the body does not start with the protobuf envelope's mark")
    envelope = _message("Unknown", body[len(MAGIC) :], 0)
    meta = envelope.get("typeMeta", {})
    api_version, kind = meta.get("apiVersion", ""), meta.get("kind", "")
    if kind not in MESSAGES or kind in ("Unknown", "TypeMeta"):
        raise ProtobufError(
            f"{kind or 'an object without kind'} in protobuf is not supported; send JSON"
        )
    content = _message(kind, envelope.get("raw", b""), 0)
    return {"apiVersion": api_version, "kind": kind, **content}


def _message(name: str, data: bytes, depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise ProtobufError("the message is nested too deeply")
    fields = MESSAGES[name]
    result: dict[str, Any] = {}
    inlined: dict[str, Any] = {}
    for number, wire, value in _wire(data):
        field = fields.get(number)
        if field is None and value in (0, b""):
            continue  # proto2 sends zero values of fields that nobody set
        if field is None:
            raise ProtobufError(f"field {number} of {name} is not supported in protobuf; send JSON")
        expected = 0 if field.kind in (Kind.INT, Kind.BOOL) else 2
        if wire != expected:
            raise ProtobufError(f"field {number} of {name} has wire type {wire}, not {expected}")
        if field.kind is Kind.INLINE:
            inlined.update(_message(field.message, value, depth + 1))
        elif field.kind is Kind.MAP:
            entry = _entry(field, value, depth)
            result.setdefault(field.name, {}).update(entry)
        elif field.repeated:
            result.setdefault(field.name, []).append(_value(field, value, depth))
        else:
            result[field.name] = _value(field, value, depth)
    kept = {field.name for field in fields.values() if field.optional}
    own = {key: value for key, value in result.items() if key in kept or not _empty(value)}
    return {**own, **inlined}


def _empty(value: Any) -> bool:
    """Go's zero values, which proto2 messages carry although nobody set them."""
    return value is None or value is False or value in ("", 0) or value in ({}, [])


def _value(field: Field, value: Any, depth: int) -> Any:
    if field.kind is Kind.INT:
        return value - (1 << 64) if value >= 1 << 63 else value
    if field.kind is Kind.BOOL:
        return bool(value)
    if field.kind is Kind.STRING:
        return _text(value)
    if field.kind is Kind.BYTES:
        return base64.b64encode(value).decode()
    if field.kind is Kind.RAW:
        return value
    content = _message(field.message, value, depth + 1)
    if field.message == "Time":
        return _time(content)
    if field.message == "Quantity":
        return content.get("string", "0")
    if field.message == "IntOrString":
        return content.get("strVal", "") if content.get("type") else content.get("intVal", 0)
    return content


def _entry(field: Field, value: bytes, depth: int) -> dict[str, Any]:
    key, found = "", None
    for number, wire, part in _wire(value):
        if wire != 2 or number not in (1, 2):
            raise ProtobufError(f"an entry of the map {field.name} is malformed")
        if number == 1:
            key = _text(part)
        elif field.message:
            found = _value(Field(field.name, Kind.MESSAGE, field.message), part, depth + 1)
        else:
            found = base64.b64encode(part).decode() if field.binary else _text(part)
    return {key: "" if found is None else found}


def _time(content: Mapping[str, Any]) -> str | None:
    if not content.get("seconds"):
        return None
    try:
        moment = datetime.fromtimestamp(content["seconds"], UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise ProtobufError(f"{content['seconds']} is not a time") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ProtobufError(f"a string is not valid UTF-8: {error}") from error


def _wire(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """``(field number, wire type, value)`` of each field of a message."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, wire, value
        elif wire == 2:
            length, position = _varint(data, position)
            if length > len(data) - position:
                raise ProtobufError("the message ends too early")
            yield number, wire, data[position : position + length]
            position += length
        else:
            raise ProtobufError(f"wire type {wire} is not used by Kubernetes' messages")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ProtobufError("the message ends within a number")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & ((1 << 64) - 1), position
    raise ProtobufError("a number is longer than 64 bits")
