"""MeshConfig: what of it is followed, and what is refused aloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from harness.local.contracts import ROOT_NAMESPACE, Admission, FieldProblem
from harness.local.pilot.admission.schema import likely_meant
from harness.local.pilot.admission.support import REMEDY
from harness.local.pilot.model import OutboundMode

_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "accessLogFile": ("", "/dev/stdout", "/dev/stderr"),
    "accessLogEncoding": ("TEXT",),
    "rootNamespace": (ROOT_NAMESPACE,),
    "trustDomain": ("cluster.local",),
}
"""Settings followed for these values; the last three are what the local cluster is anyway."""


def admit_mesh_config(text: str) -> Admission:
    """Judge MeshConfig as YAML text; fields are named ``meshConfig.…``."""
    return judge_mesh_config(text, "meshConfig")


def judge_mesh_config(text: str, path: str) -> Admission:
    """The same, with fields named below ``path``."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return Admission((FieldProblem(path, f"Invalid value: not YAML: {error}"),))
    if values is None:
        return Admission()
    if not isinstance(values, Mapping):
        return Admission((FieldProblem(path, "Invalid value: must be a mapping of settings"),))
    problems: list[FieldProblem] = []
    for name, value in values.items():
        own = f"{path}.{name}"
        if name == "outboundTrafficPolicy":
            problems += _outbound(own, value)
        elif name in _VALUES:
            problems += _one_of(own, value, _VALUES[name])
        elif name in _known():
            problems.append(_unsupported(own, f"Forbidden: {REMEDY}"))
        else:
            problems.append(_unknown(own, str(name), _known()))
    return Admission(tuple(problems))


def _outbound(path: str, policy: Any) -> list[FieldProblem]:
    if not isinstance(policy, Mapping):
        return [FieldProblem(path, "Invalid value: must be an object", "FieldValueTypeInvalid")]
    problems = []
    for name, value in policy.items():
        own = f"{path}.{name}"
        if name == "mode":
            problems += _one_of(own, value, tuple(OutboundMode))
        elif name == "egressProxy":
            problems.append(_unsupported(own, f"Forbidden: {REMEDY}"))
        else:
            problems.append(_unknown(own, str(name), ("mode", "egressProxy")))
    return problems


def _one_of(path: str, value: Any, allowed: tuple[str, ...]) -> list[FieldProblem]:
    if value in allowed:
        return []
    choices = ", ".join(f'"{choice}"' for choice in allowed)
    return [
        _unsupported(
            path,
            f'Unsupported value: "{value}": supported values: {choices}; anything else is {REMEDY}',
        )
    ]


def _unsupported(path: str, message: str) -> FieldProblem:
    return FieldProblem(path, message, "FieldValueNotSupported")


def _unknown(path: str, name: str, known: tuple[str, ...]) -> FieldProblem:
    meant = likely_meant(name, known)
    hint = f' (did you mean "{meant}"?)' if meant else ""
    return FieldProblem(path, f'Invalid value: "{name}": MeshConfig has no such field{hint}')


@cache
def _known() -> tuple[str, ...]:
    """Field names of MeshConfig, by tools/generate_istio_schema.py."""
    package = resources.files("harness.local.pilot") / "schema" / "mesh.json"
    return tuple(json.loads(package.read_text()))
