"""Semantic rules of the built-in kinds: which module judges which kind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.local.apiserver import pod_rules, workload_rules
from harness.local.apiserver.config_rules import config_map, immutable_data, namespace, node, secret
from harness.local.apiserver.service_rules import service, service_warnings
from harness.local.store import Object, Resource, kinds
from harness.local.store.errors import Cause

Rule = Callable[[Mapping[str, Any], Object | None], list[Cause]]

_RULES: Final[Mapping[Resource, tuple[Rule, ...]]] = {
    kinds.PODS: (pod_rules.pod,),
    kinds.DEPLOYMENTS: (workload_rules.workload, workload_rules.deployment),
    kinds.REPLICA_SETS: (workload_rules.workload,),
    kinds.SERVICES: (service,),
    kinds.CONFIG_MAPS: (config_map, immutable_data),
    kinds.SECRETS: (secret, immutable_data),
    kinds.NAMESPACES: (namespace,),
    kinds.NODES: (node,),
}


def check(resource: Resource, obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Every fault of a built-in object, beyond its shape and its names."""
    return [cause for rule in _RULES.get(resource, ()) for cause in rule(obj, old)]


def warnings(resource: Resource, obj: Mapping[str, Any]) -> list[str]:
    """What is accepted but does less here than on a full cluster."""
    if resource is kinds.PODS:
        return pod_rules.ignored(obj.get("spec") or {}, "spec")
    if resource in (kinds.DEPLOYMENTS, kinds.REPLICA_SETS):
        template = (obj.get("spec") or {}).get("template") or {}
        return pod_rules.ignored(template.get("spec") or {}, "spec.template.spec")
    if resource is kinds.SERVICES:
        return service_warnings(obj)
    return []
