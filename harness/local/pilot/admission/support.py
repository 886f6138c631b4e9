"""What of Istio's API the local cluster follows, as a table; everything else is refused.

A leaf says that a field is followed whatever its value, ``Only`` that it is for some values:
those that are, or that change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.local.contracts import FieldProblem

REMEDY: Final = "not supported by the local cluster; use CLUSTER=kind, which runs Istio itself"


@dataclass(frozen=True, slots=True)
class Only:
    """Values that are followed."""

    values: tuple[Any, ...]


class Leaf:
    """Followed, with everything below."""


Tree = Mapping[str, "Tree | Leaf | Only"]
ANY: Final = Leaf()

_STRING_MATCH: Final[Tree] = {"exact": ANY, "prefix": ANY, "regex": ANY}
_DESTINATION: Final[Tree] = {"host": ANY, "subset": ANY, "port": {"number": ANY}}
_EVERYWHERE: Final = Only((["*"], []))
_POLICY: Final[Tree] = {
    "loadBalancer": {
        "simple": Only(("UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN", "ROUND_ROBIN", "RANDOM"))
    }
}

SUPPORTED: Final[Mapping[str, Tree]] = {
    "Gateway": {
        "selector": ANY,
        "servers": {
            "port": {"number": ANY, "name": ANY, "protocol": Only(("HTTP", "http"))},
            "hosts": ANY,
            "name": ANY,
        },
    },
    "VirtualService": {
        "hosts": ANY,
        "gateways": ANY,
        "exportTo": _EVERYWHERE,
        "http": {
            "name": ANY,
            "match": {
                "name": ANY,
                "uri": _STRING_MATCH,
                "ignoreUriCase": ANY,
                "headers": {"*": _STRING_MATCH},
                "withoutHeaders": {"*": _STRING_MATCH},
                "method": _STRING_MATCH,
                "authority": _STRING_MATCH,
                "scheme": _STRING_MATCH,
                "queryParams": {"*": _STRING_MATCH},
                "port": ANY,
                "gateways": ANY,
                "sourceLabels": ANY,
                "sourceNamespace": ANY,
            },
            "route": {"destination": _DESTINATION, "weight": ANY},
            "timeout": ANY,
            "retries": {"attempts": ANY, "perTryTimeout": ANY, "retryOn": ANY},
            "fault": {
                "delay": {"fixedDelay": ANY, "percentage": {"value": ANY}},
                "abort": {"httpStatus": ANY, "percentage": {"value": ANY}},
            },
            "mirror": _DESTINATION,
            "mirrorPercentage": {"value": ANY},
            "mirrors": {"destination": _DESTINATION, "percentage": {"value": ANY}},
        },
    },
    "DestinationRule": {
        "host": ANY,
        "exportTo": _EVERYWHERE,
        "trafficPolicy": _POLICY,
        "subsets": {"name": ANY, "labels": ANY, "trafficPolicy": _POLICY},
    },
    "ServiceEntry": {
        "hosts": ANY,
        "addresses": ANY,
        "ports": {
            "number": ANY,
            "name": ANY,
            "protocol": Only(("HTTP", "http", "")),
            "targetPort": ANY,
        },
        "location": ANY,
        "resolution": Only(("DNS", "STATIC")),
        "endpoints": {"address": ANY, "ports": ANY, "labels": ANY},
        "exportTo": _EVERYWHERE,
    },
}


def problems(kind: str, spec: Any, unknown: Collection[str] = ()) -> list[FieldProblem]:
    """Every field that Istio has and the local cluster does not follow.

    ``unknown`` are paths of fields that Istio does not have either; they are not judged here.
    """
    found: list[FieldProblem] = []
    _walk(SUPPORTED[kind], spec, "spec", found)
    return [problem for problem in found if problem.field not in unknown]


def _walk(tree: Tree | Leaf | Only, value: Any, path: str, found: list[FieldProblem]) -> None:
    if isinstance(tree, Leaf):
        return
    if isinstance(tree, Only):
        if value not in tree.values:
            shown = f'"{value}"' if isinstance(value, str) else str(value)
            found.append(_unsupported(path, f"Unsupported value: {shown}: {REMEDY}"))
        return
    if isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            _walk(tree, entry, f"{path}[{index}]", found)
        return
    for name, entry in (value or {}).items():
        if "*" in tree:
            _walk(tree["*"], entry, f"{path}[{name}]", found)
        elif name in tree:
            _walk(tree[name], entry, f"{path}.{name}", found)
        else:
            found.append(_unsupported(f"{path}.{name}", f"Forbidden: {REMEDY}"))


def _unsupported(path: str, message: str) -> FieldProblem:
    return FieldProblem(path, message, "FieldValueNotSupported")
