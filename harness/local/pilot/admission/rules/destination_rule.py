"""DestinationRules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.local.contracts import FieldProblem
from harness.local.pilot.admission.rules.values import duplicate, invalid, is_host, required

SUBSET_NAME: Final = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
"""A DNS label, as Istio asks (pkg/config/validation, ValidateSubset)."""


def problems(spec: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Everything wrong with a DestinationRule's spec."""
    host = spec["host"]
    if not host:
        yield required("spec.host", "host is required")
    elif not is_host(host):
        yield invalid("spec.host", host, f"domain name {host} is not valid")
    names: set[str] = set()
    for index, subset in enumerate(spec.get("subsets") or ()):
        path = f"spec.subsets[{index}].name"
        name = subset["name"]
        if not SUBSET_NAME.fullmatch(name):
            yield invalid(path, name, f"subset name is invalid: {name}")
        if name in names:
            yield duplicate(path, name, "only the first subset of a name would be used")
        names.add(name)
