"""Admission of one object: shape, names, semantic rules, then the pilot's judgement.

In the order of a real API server: decoding (400), then validation (422). Warnings do not
refuse; they travel beside the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.local.apiserver import lifecycle_rules, names, rules, structure
from harness.local.apiserver.options import FieldValidation, WriteOptions
from harness.local.apiserver.statuses import bad_request, invalid
from harness.local.contracts import Admit
from harness.local.store import Object, Resource, kinds
from harness.local.store.errors import Cause


class Validation:
    """The judge of every write; ``admit`` is asked for Istio's kinds and mesh configuration."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit

    def judge(
        self,
        resource: Resource,
        version: str,
        obj: dict[str, Any],
        old: Object | None,
        options: WriteOptions,
    ) -> Sequence[str]:
        """Prune and check ``obj``; return warnings. Refusal 400 or 422 if it is not sound."""
        unknown, warnings = self._shape(resource, version, obj)
        causes = names.check(resource, obj) + lifecycle_rules.check(resource, obj, old)
        if resource not in kinds.ISTIO:
            causes += rules.check(resource, obj, old)
        if resource in kinds.ISTIO or resource is kinds.CONFIG_MAPS:
            admission = self._admit(resource, obj)
            strangers = [_worded(field) for field in admission.unknown_fields]
            if resource in kinds.ISTIO:
                unknown += strangers
            else:
                # Nothing is pruned inside a ConfigMap's string: refuse, however lax the client.
                causes += [Cause("data[mesh]", stranger) for stranger in strangers]
            warnings += admission.warnings
            causes += [
                Cause(problem.field, problem.message, problem.reason)
                for problem in admission.problems
            ]
        if unknown and options.validation is FieldValidation.STRICT:
            raise bad_request(_unhandled(resource, version, _strict(unknown)))
        if causes:
            name = obj["metadata"].get("name") or obj["metadata"].get("generateName") or ""
            raise invalid(resource, name, causes)
        if options.validation is FieldValidation.WARN:
            warnings += unknown
        if resource not in kinds.ISTIO:
            warnings += rules.warnings(resource, obj)
        return warnings

    def _shape(
        self, resource: Resource, version: str, obj: dict[str, Any]
    ) -> tuple[list[str], list[str]]:
        try:
            if resource not in kinds.ISTIO:
                return structure.prune(resource.kind, obj), []
            unknown = [
                f'unknown field "{field}"{structure.nearest(field, structure.ISTIO_FIELDS)}'
                for field in obj
                if field not in structure.ISTIO_FIELDS
            ]
            for field in [field for field in obj if field not in structure.ISTIO_FIELDS]:
                del obj[field]
            unknown += structure.prune(structure.METADATA_ONLY, {"metadata": obj["metadata"]})
            return unknown, []
        except structure.ShapeError as error:
            raise bad_request(_unhandled(resource, version, str(error))) from error


def _worded(field: str) -> str:
    return field if field.startswith("unknown field") else f'unknown field "{field}"'


def _strict(unknown: Sequence[str]) -> str:
    return f"strict decoding error: {', '.join(unknown)}"


def _unhandled(resource: Resource, version: str, why: str) -> str:
    return f'{resource.kind} in version "{version}" cannot be handled as a {resource.kind}: {why}'
