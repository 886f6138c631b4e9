"""metav1.LabelSelector: what workloads choose their objects by. Pure.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go, LabelSelectorAsSelector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether the labels meet every requirement; an empty selector matches everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return wanted.items() <= labels.items() and all(
        _meets(labels, expression) for expression in selector.get("matchExpressions") or ()
    )


def is_empty(selector: Mapping[str, Any]) -> bool:
    """Whether it requires nothing."""
    return not (selector.get("matchLabels") or selector.get("matchExpressions"))


def _meets(labels: Mapping[str, str], expression: Mapping[str, Any]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
