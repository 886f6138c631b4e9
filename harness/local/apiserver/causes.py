"""Faults in the words of k8s.io/apimachinery/pkg/util/validation/field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from harness.local.apiserver.statuses import ELSEWHERE
from harness.local.store.errors import Cause


def required(field: str, why: str = "") -> Cause:
    """A field that must be set is not."""
    return Cause(field, f"Required value{f': {why}' if why else ''}", "FieldValueRequired")


def invalid(field: str, value: Any, why: str) -> Cause:
    """A value breaks a rule."""
    return Cause(field, f"Invalid value: {_shown(value)}: {why}", "FieldValueInvalid")


def unsupported_value(field: str, value: Any, known: Iterable[str]) -> Cause:
    """A value is none of an enumeration."""
    listed = ", ".join(f'"{each}"' for each in sorted(known))
    return Cause(
        field,
        f"Unsupported value: {_shown(value)}: supported values: {listed}",
        "FieldValueNotSupported",
    )


def duplicate(field: str, value: Any) -> Cause:
    """A value that must be unique is not."""
    return Cause(field, f"Duplicate value: {_shown(value)}", "FieldValueDuplicate")


def forbidden(field: str, why: str) -> Cause:
    """The field may not be set, or not be changed."""
    return Cause(field, f"Forbidden: {why}", "FieldValueForbidden")


def not_here(field: str) -> Cause:
    """The field is sound, but the local cluster cannot honour it."""
    return forbidden(field, f"not supported by the local cluster; {ELSEWHERE}")


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text if len(text) <= 200 else f"{text[:200]}..."
