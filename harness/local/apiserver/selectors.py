"""Label and field selectors: text to predicate. Pure.

Grammar: k8s.io/apimachinery/pkg/labels (Parse) and pkg/fields (ParseSelector).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.local.store import Object, Resource

Predicate = Callable[[Object], bool]

_PARTS: Final = re.compile(r",(?![^(]*\))")
_KEY: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_VALUE: Final = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_EQUALITY: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_MEMBERSHIP: Final = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EXISTENCE: Final = re.compile(rf"(!?)\s*({_KEY})")
_COMPARISON: Final = re.compile(rf"({_KEY})\s*([<>])\s*(-?\d+)")


class SelectorError(ValueError):
    """The text is not a selector; says what was wrong."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement on one label."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value not in self.values
        try:
            number, bound = int(value or ""), int(next(iter(self.values)))
        except ValueError:
            return False
        return number > bound if self.operator == ">" else number < bound


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The requirements of a ``labelSelector``; SelectorError if it is none."""
    return tuple(_requirement(part.strip()) for part in _PARTS.split(text)) if text.strip() else ()


def _requirement(part: str) -> Requirement:
    if match := _EQUALITY.fullmatch(part):
        key, operator, value = match.groups()
        return Requirement(key, "notin" if operator == "!=" else "in", frozenset({value}))
    if match := _MEMBERSHIP.fullmatch(part):
        key, operator, listed = match.groups()
        values = [value.strip() for value in listed.split(",")]
        if all(re.fullmatch(_VALUE, value) for value in values):
            return Requirement(key, operator, frozenset(values))
    if match := _COMPARISON.fullmatch(part):
        key, operator, value = match.groups()
        return Requirement(key, operator, frozenset({value}))
    if match := _EXISTENCE.fullmatch(part):
        return Requirement(match[2], "absent" if match[1] else "exists")
    raise SelectorError(f"unable to parse requirement: {part!r} is not of a label selector's form")


def parse_fields(text: str, resource: Resource) -> tuple[tuple[str, bool, str], ...]:
    """``(path, must be equal, value)`` of each term; SelectorError names an unknown field."""
    terms = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([^=!]+?)(==|=|!=)(.*)", part)
        if not match:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        path, operator, value = match.groups()
        if path not in _FIELDS["*"] and path not in _FIELDS.get(resource.plural, ()):
            raise SelectorError(f'field label not supported: "{path}"')
        terms.append((path, operator != "!=", value))
    return tuple(terms)


def predicate(labels: str, fields: str, resource: Resource) -> Predicate | None:
    """Both selectors as one predicate, or None if everything matches."""
    requirements = parse_labels(labels)
    terms = parse_fields(fields, resource)
    if not requirements and not terms:
        return None

    def matches(obj: Object) -> bool:
        own = obj["metadata"].get("labels") or {}
        return all(requirement.matches(own) for requirement in requirements) and all(
            (_field(obj, path) == value) == equal for path, equal, value in terms
        )

    return matches


def _field(obj: Object, path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return str(value).lower()
    return _ABSENT.get(path, "") if value is None else str(value)


_ABSENT: Final = {"spec.unschedulable": "false", "spec.hostNetwork": "false"}
"""What a field that is left out counts as: Go's zero value, as text."""
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "*": ("metadata.name", "metadata.namespace"),
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicasets": ("status.replicas",),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
}  # fmt: skip
"""Selectable fields by plural (source: k8s.io/kubernetes pkg/apis/core/v1/conversion.go)."""
