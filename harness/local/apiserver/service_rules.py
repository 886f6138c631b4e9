"""Services. Pure.

Source of rules and words: k8s.io/kubernetes/pkg/apis/core/validation ValidateService.
Addresses are judged where they are assigned: harness.local.store.addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.local.apiserver import names
from harness.local.apiserver.causes import (
    duplicate,
    invalid,
    not_here,
    required,
    unsupported_value,
)
from harness.local.apiserver.pod_rules import PORT_NAME_WORDS, is_port_name
from harness.local.store import Object
from harness.local.store.errors import Cause

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_AFFINITIES: Final = ("ClientIP", "None")
_PORT_WORDS: Final = "must be between 1 and 65535, inclusive"


def service(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """Every fault of a Service."""
    del old
    spec = obj.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    causes: list[Cause] = []
    if kind not in _TYPES:
        causes.append(unsupported_value("spec.type", kind, _TYPES))
    affinity = spec.get("sessionAffinity") or "None"
    if affinity not in _AFFINITIES:
        causes.append(unsupported_value("spec.sessionAffinity", affinity, _AFFINITIES))
    elif affinity == "ClientIP":
        causes.append(not_here("spec.sessionAffinity"))
    if spec.get("externalIPs"):
        causes.append(not_here("spec.externalIPs"))
    if kind == "ExternalName" and not spec.get("externalName"):
        causes.append(required("spec.externalName"))
    causes += names.labels(spec.get("selector") or {}, "spec.selector")
    ports = spec.get("ports") or ()
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    seen_names: set[str] = set()
    seen_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        where = f"spec.ports[{index}]"
        causes += _port(port, where, named=len(ports) > 1)
        name = port.get("name") or ""
        if name and name in seen_names:
            causes.append(duplicate(f"{where}.name", name))
        seen_names.add(name)
        key = (port.get("protocol") or "TCP", port.get("port") or 0)
        if key in seen_ports:
            causes.append(duplicate(where, f"{key[0]}:{key[1]}"))
        seen_ports.add(key)
    return causes


def _port(port: Mapping[str, Any], path: str, *, named: bool) -> list[Cause]:
    causes = []
    name, number = port.get("name") or "", port.get("port")
    if named and not name:
        causes.append(required(f"{path}.name"))
    elif name and not names.is_label(name):
        causes.append(Cause(f"{path}.name", names.label_words(name)))
    if number is None or not 1 <= number <= 65535:
        causes.append(invalid(f"{path}.port", number or 0, _PORT_WORDS))
    protocol = port.get("protocol") or "TCP"
    if protocol not in _PROTOCOLS:
        causes.append(unsupported_value(f"{path}.protocol", protocol, _PROTOCOLS))
    elif protocol != "TCP":
        causes.append(not_here(f"{path}.protocol"))
    target = port.get("targetPort")
    if isinstance(target, int) and target and not 1 <= target <= 65535:
        causes.append(invalid(f"{path}.targetPort", target, _PORT_WORDS))
    if isinstance(target, str) and target and not is_port_name(target):
        causes.append(invalid(f"{path}.targetPort", target, PORT_NAME_WORDS))
    node_port = port.get("nodePort")
    if node_port is not None and not 0 <= node_port <= 65535:
        causes.append(invalid(f"{path}.nodePort", node_port, _PORT_WORDS))
    return causes


def service_warnings(obj: Mapping[str, Any]) -> list[str]:
    """A Service of a type that opens a port on a full cluster, and none here."""
    kind = (obj.get("spec") or {}).get("type")
    if kind not in ("NodePort", "LoadBalancer"):
        return []
    return [
        f"spec.type: a {kind} Service is reachable inside the local cluster only; use the ingress "
        "gateway or kubectl port-forward"
    ]
