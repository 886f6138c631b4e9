"""Deployments and ReplicaSets. Pure.

Source of rules and words: k8s.io/kubernetes/pkg/apis/apps/validation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from harness.local.apiserver import names
from harness.local.apiserver.causes import (
    forbidden,
    invalid,
    required,
    unsupported_value,
)
from harness.local.apiserver.pod_rules import pod_spec
from harness.local.label_selectors import is_empty, matches
from harness.local.store import Object
from harness.local.store.errors import Cause

MAX_REPLICAS: Final = 110
"""Pods of one node, as kubelet's --max-pods; more could never run here."""
_OPERATORS: Final = ("DoesNotExist", "Exists", "In", "NotIn")
_STRATEGIES: Final = ("Recreate", "RollingUpdate")


def workload(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """What Deployments and ReplicaSets share: replicas, selector and template."""
    spec = obj.get("spec") or {}
    causes = _replicas(spec)
    template = spec.get("template") or {}
    selector = spec.get("selector")
    path = "spec.template"
    template_labels = (template.get("metadata") or {}).get("labels") or {}
    if selector is None:
        causes.append(required("spec.selector"))
    else:
        faults = _selector(selector)
        causes += faults
        if is_empty(selector):
            causes.append(invalid("spec.selector", {}, "empty selector is invalid"))
        elif not faults and not matches(selector, template_labels):
            causes.append(
                invalid(
                    f"{path}.metadata.labels",
                    template_labels,
                    "`selector` does not match template `labels`",
                )
            )
    causes += names.labels(template_labels, f"{path}.metadata.labels")
    causes += pod_spec(template.get("spec") or {}, f"{path}.spec", ("Always",))
    if old is not None and selector != old["spec"].get("selector"):
        causes.append(invalid("spec.selector", selector or {}, "field is immutable"))
    return causes


def _replicas(spec: Mapping[str, Any]) -> list[Cause]:
    replicas = spec.get("replicas")
    if replicas is not None and replicas < 0:
        return [invalid("spec.replicas", replicas, "must be greater than or equal to 0")]
    if replicas is not None and replicas > MAX_REPLICAS:
        return [
            invalid(
                "spec.replicas",
                replicas,
                f"the local cluster has one node, and a node runs at most {MAX_REPLICAS} pods",
            )
        ]
    return []


def _selector(selector: Mapping[str, Any]) -> list[Cause]:
    causes = names.labels(selector.get("matchLabels") or {}, "spec.selector.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        where = f"spec.selector.matchExpressions[{index}]"
        operator = expression.get("operator")
        if not expression.get("key"):
            causes.append(required(f"{where}.key"))
        if operator not in _OPERATORS:
            causes.append(unsupported_value(f"{where}.operator", operator or "", _OPERATORS))
        elif operator in ("In", "NotIn") and not expression.get("values"):
            causes.append(
                required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
            )
        elif operator in ("Exists", "DoesNotExist") and expression.get("values"):
            causes.append(
                forbidden(
                    f"{where}.values",
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                )
            )
    return causes


def deployment(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """What only Deployments have: the strategy and its bounds."""
    del old
    spec = obj.get("spec") or {}
    causes = [
        invalid(f"spec.{field}", spec[field], "must be greater than or equal to 0")
        for field in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
        if (spec.get(field) or 0) < 0
    ]
    strategy = spec.get("strategy") or {}
    kind = strategy.get("type") or "RollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        causes.append(unsupported_value("spec.strategy.type", kind, _STRATEGIES))
    elif kind == "Recreate" and rolling is not None:
        causes.append(
            forbidden(
                "spec.strategy.rollingUpdate",
                "may not be specified when strategy `type` is 'Recreate'",
            )
        )
    elif rolling:
        causes += _rolling(rolling)
    return causes


def _rolling(rolling: Mapping[str, Any]) -> list[Cause]:
    causes = []
    for field in ("maxUnavailable", "maxSurge"):
        value = rolling.get(field)
        where = f"spec.strategy.rollingUpdate.{field}"
        if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,4}%", value):
            causes.append(
                invalid(
                    where,
                    value,
                    "a valid percent string must be a numeric string followed by an ending '%' "
                    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
                )
            )
        elif isinstance(value, int) and value < 0:
            causes.append(invalid(where, value, "must be greater than or equal to 0"))
    if all(rolling.get(field) in (0, "0%") for field in ("maxUnavailable", "maxSurge")):
        causes.append(
            invalid(
                "spec.strategy.rollingUpdate.maxUnavailable",
                rolling["maxUnavailable"],
                "may not be 0 when `maxSurge` is 0",
            )
        )
    return causes
