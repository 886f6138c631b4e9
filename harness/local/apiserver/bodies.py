"""Request bodies: bytes to a checked JSON document, whatever the client sends.

Everything that could hurt later is refused here: invalid UTF-8, lone surrogates, NaN, numbers
of any length, deep nesting, YAML aliases.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from harness.local.apiserver import protobuf
from harness.local.apiserver.statuses import Refusal, bad_request

LIMIT: Final = 3 * 1024 * 1024
"""Bytes of a request body, as k8s.io/apiserver MaxRequestBodyBytes."""
MAX_DEPTH: Final = 100
"""Levels of nesting. The deepest field of any served kind is at level 16."""


def parse(content_type: str, body: bytes) -> Any:
    """The document; Refusal 400 (malformed) or 415 (unknown media type)."""
    media = content_type.partition(";")[0].strip().lower()
    if media == protobuf.CONTENT_TYPE:
        try:
            document: Any = protobuf.decode(body)
        except protobuf.ProtobufError as error:
            raise bad_request(f"the request body cannot be decoded: {error}") from error
    elif media in ("application/yaml", "application/apply-patch+yaml"):
        # Rare, and its library is slow to import: kubectl and the client send JSON.
        from harness.local.apiserver.yaml_bodies import parse_yaml

        document = parse_yaml(body)
    elif media in ("", "application/json", "application/octet-stream", "*/*") or media.endswith(
        "+json"
    ):
        document = _parse_json(body)
    else:
        raise Refusal(
            415,
            "UnsupportedMediaType",
            f"the body of the request was in an unknown format - accepted media types include: "
            f"application/json, application/yaml, {protobuf.CONTENT_TYPE}",
        )
    _check_values(document)
    return document


def parse_object(content_type: str, body: bytes) -> dict[str, Any]:
    """Like ``parse``, and the document must be an object."""
    document = parse(content_type, body)
    if not isinstance(document, dict):
        raise bad_request("the request body must be an object")
    return document


def _parse_json(body: bytes) -> Any:
    if not body.strip():
        raise bad_request("the request body is empty")
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError as error:
        raise bad_request("the request body is nested too deeply") from error
    except ValueError as error:
        raise bad_request(f"the request body is not valid JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _check_values(document: Any) -> None:
    """Iterative, because the document may be nested deeper than the stack allows."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                for key, item in value.items():
                    if not isinstance(key, str):
                        raise bad_request(f"{key!r} is a key of an object and not a string")
                    _check_text(key)
                    following.append(item)
            elif isinstance(value, list):
                following.extend(value)
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise bad_request("a number in the request body is out of range")
            elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
                raise bad_request("a number in the request body exceeds 64 bits")
            elif value is not None and not isinstance(value, bool | int | float):
                raise bad_request(f"a {type(value).__name__} is not a JSON value")
        level = following
        if not level:
            return
    raise bad_request(f"the request body is nested deeper than {MAX_DEPTH} levels")


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise bad_request("a string in the request body is not valid Unicode") from error
