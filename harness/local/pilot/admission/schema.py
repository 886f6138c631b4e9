"""Objects against Istio's own CustomResourceDefinition schemas, in the API server's words.

The schemas are istio.io/api's, trimmed by tools/generate_istio_schema.py. Covered: types,
required and unknown fields, enums, bounds, and the oneOf/anyOf/allOf/not of required fields by
which Istio says that fields exclude each other.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from harness.local.contracts import FieldProblem

Schema = Mapping[str, Any]
_PYTHON_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": Mapping,
    "array": (list, tuple),
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@dataclass(slots=True)
class Findings:
    """What the schema says. ``unknown`` maps paths to the field that was likely meant, or ""."""

    problems: list[FieldProblem] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def unknown_fields(self) -> list[str]:
        """The unknown fields as Admission carries them: the path, or a sentence with a hint.

        The API server leaves a sentence of this form as it is.
        """
        return [
            f'unknown field "{path}" (did you mean "{meant}"?)' if meant else path
            for path, meant in self.unknown.items()
        ]


def check(kind: str, spec: Any) -> Findings:
    """Compare a ``spec`` with the schema of its kind."""
    findings = Findings()
    _walk(schema_of(kind), spec, "spec", findings)
    return findings


def schema_of(kind: str) -> Schema:
    """The schema of a kind's ``spec``."""
    return _schemas()[kind]


def likely_meant(name: str, known: Sequence[str]) -> str:
    """The nearest known name; empty if none is near."""
    folded = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


@cache
def _schemas() -> Mapping[str, Schema]:
    package = resources.files("harness.local.pilot") / "schema" / "istio.json"
    loaded: Mapping[str, Schema] = json.loads(package.read_text())
    return loaded


def _walk(schema: Schema, value: Any, path: str, findings: Findings) -> None:
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type", "")
    if kind and not _is_a(kind, value):
        findings.problems.append(_wrong_type(path, kind, value))
        return
    if isinstance(value, Mapping):
        _walk_object(schema, value, path, findings)
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            _walk(schema.get("items", {}), entry, f"{path}[{index}]", findings)
        _check_length(schema, "Items", len(value), path, findings)
    else:
        _check_scalar(schema, value, path, findings)


def _walk_object(schema: Schema, value: Mapping[str, Any], path: str, findings: Findings) -> None:
    properties = schema.get("properties", {})
    anything = schema.get("additionalProperties")
    for name, entry in value.items():
        if name in properties:
            _walk(properties[name], entry, f"{path}.{name}", findings)
        elif anything is not None:
            _walk(anything, entry, f"{path}[{name}]", findings)
        elif not schema.get("x-kubernetes-preserve-unknown-fields"):
            findings.unknown[f"{path}.{name}"] = likely_meant(name, list(properties))
    for name in schema.get("required", ()):
        if name not in value:
            findings.problems.append(
                FieldProblem(f"{path}.{name}", "Required value", "FieldValueRequired")
            )
    _check_length(schema, "Properties", len(value), path, findings)
    _check_choices(schema, value, path, findings)


def _check_choices(schema: Schema, value: Mapping[str, Any], path: str, findings: Findings) -> None:
    """The schema's alternatives, most of which say which fields exclude each other."""
    if _satisfies(schema, value):
        return
    rivals = sorted(name for name in _named_in_choices(schema) if name in value)
    findings.problems.append(
        FieldProblem(path, f"Invalid value: only one of {_quoted(rivals)} may be set")
        if len(rivals) > 1
        else FieldProblem(path, "Invalid value: must validate one and only one schema (oneOf)")
    )


def _satisfies(schema: Schema, value: Mapping[str, Any]) -> bool:
    """Only what alternatives are made of: required fields and further alternatives."""
    alternatives = schema.get("oneOf")
    return (
        (alternatives is None or sum(_fits(option, value) for option in alternatives) == 1)
        and all(_satisfies(part, value) for part in schema.get("allOf", ()))
        and ("anyOf" not in schema or any(_fits(part, value) for part in schema["anyOf"]))
        and ("not" not in schema or not _fits(schema["not"], value))
    )


def _fits(option: Schema, value: Mapping[str, Any]) -> bool:
    return all(name in value for name in option.get("required", ())) and _satisfies(option, value)


def _named_in_choices(schema: Schema) -> set[str]:
    names: set[str] = set()
    for keyword in ("oneOf", "anyOf", "allOf"):
        for option in schema.get(keyword, ()):
            names |= set(option.get("required", ())) | _named_in_choices(option)
    return names


def _check_scalar(schema: Schema, value: Any, path: str, findings: Findings) -> None:
    choices = schema.get("enum")
    if choices is not None and value not in choices:
        findings.problems.append(
            FieldProblem(
                path,
                f'Unsupported value: "{value}": supported values: {_quoted(choices)}',
                "FieldValueNotSupported",
            )
        )
    if isinstance(value, str):
        _check_length(schema, "Length", len(value), path, findings)
    elif not isinstance(value, bool) and isinstance(value, int | float):
        for keyword, wrong, words in (
            ("minimum", value < schema.get("minimum", value), "greater than or equal to"),
            ("maximum", value > schema.get("maximum", value), "less than or equal to"),
        ):
            if wrong:
                bound = f"should be {words} {schema[keyword]}"
                findings.problems.append(
                    FieldProblem(path, f"Invalid value: {value}: {path} in body {bound}")
                )


def _check_length(schema: Schema, what: str, length: int, path: str, findings: Findings) -> None:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}", length)
    if length < least:
        findings.problems.append(
            FieldProblem(
                path, f"Invalid value: {length}: must have at least {least} {what.lower()}"
            )
        )
    if length > most:
        findings.problems.append(
            FieldProblem(
                path, f"Too long: may not be more than {most} {what.lower()}", "FieldValueTooLong"
            )
        )


def _is_a(kind: str, value: Any) -> bool:
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _PYTHON_TYPES[kind])


def _wrong_type(path: str, wanted: str, value: Any) -> FieldProblem:
    given = next(
        (name for name in ("boolean", "object", "array", "string", "integer", "number")
         if _is_a(name, value)),
        "null",
    )  # fmt: skip
    return FieldProblem(
        path,
        f'Invalid value: "{given}": {path} in body must be of type {wanted}: "{given}"',
        "FieldValueTypeInvalid",
    )


def _quoted(names: Sequence[Any]) -> str:
    return ", ".join(f'"{name}"' for name in names)
