"""Judges Istio objects before they are stored, so that nothing is silently not followed.

In this order: Istio's own schema, the table of what the local cluster follows, Istio's
semantic rules; then, as warnings, references that lead nowhere yet. Pure.
"""

from __future__ import annotations

from harness.local.contracts import MESH_CONFIG_MAP, ROOT_NAMESPACE, Admission
from harness.local.pilot.admission import references, schema, support
from harness.local.pilot.admission.mesh import admit_mesh_config, judge_mesh_config
from harness.local.pilot.admission.rules import (
    destination_rule,
    gateway,
    service_entry,
    virtual_service,
)
from harness.local.pilot.model import Snapshot
from harness.local.store import Object, Resource, kinds

__all__ = ["admit", "admit_mesh_config"]

_RULES = {
    kinds.GATEWAYS: gateway.problems,
    kinds.VIRTUAL_SERVICES: virtual_service.problems,
    kinds.DESTINATION_RULES: destination_rule.problems,
    kinds.SERVICE_ENTRIES: service_entry.problems,
}


def admit(resource: Resource, obj: Object, snapshot: Snapshot) -> Admission:
    """The judgement on an object of an Istio kind or the mesh's ConfigMap; others pass."""
    if resource is kinds.CONFIG_MAPS:
        metadata = obj["metadata"]
        where = (metadata.get("namespace"), metadata.get("name"))
        if where == (ROOT_NAMESPACE, MESH_CONFIG_MAP):
            return judge_mesh_config((obj.get("data") or {}).get("mesh") or "", "data[mesh]")
        return Admission()
    if resource not in _RULES:
        return Admission()
    spec = obj.get("spec")
    if spec is None:
        spec = {}
    found = schema.check(resource.kind, spec)
    if found.problems:
        return Admission(tuple(found.problems), tuple(found.unknown_fields))
    problems = [
        *support.problems(resource.kind, spec, found.unknown),
        *_RULES[resource](spec),
    ]
    warnings = () if problems else tuple(references.warnings(resource, obj, snapshot))
    return Admission(tuple(problems), tuple(found.unknown_fields), warnings)
