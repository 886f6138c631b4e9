"""Cluster IPs and node ports of Services: unique in a cluster, like names, hence the store's.

Pure: the Services that exist go in, the new Service is completed in place. The lowest free
value is taken, so that the same objects created in the same order get the same addresses.
Source of ranges and messages: kube-apiserver --service-cluster-ip-range,
--service-node-port-range; k8s.io/kubernetes/pkg/registry/core/service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from harness.local.store.errors import Cause, Invalid

CLUSTER_IPS: Final = ipaddress.IPv4Network("10.96.0.0/16")
RESERVED: Final = frozenset({"10.96.0.0", "10.96.0.1", "10.96.0.10", "10.96.255.255"})
"""Network, the customary addresses of the API server and of DNS, and broadcast."""
NODE_PORTS: Final = range(30000, 32768)
HEADLESS: Final = "None"


def assign_addresses(
    service: dict[str, Any], old: Mapping[str, Any] | None, others: Iterable[Mapping[str, Any]]
) -> None:
    """Complete ``clusterIP``, ``clusterIPs`` and ``nodePort`` of a Service in place.

    What the old state had is kept; what is asked for is checked against the other Services
    (Invalid if taken, or if an existing address would change).
    """
    spec = service["spec"]
    name = service["metadata"]["name"]
    others = list(others)
    if spec.get("type") == "ExternalName":
        for field in ("clusterIP", "clusterIPs"):
            spec.pop(field, None)
    else:
        _assign_cluster_ip(name, spec, (old or {}).get("spec", {}), others)
    _assign_node_ports(name, spec, (old or {}).get("spec", {}), others)


def _assign_cluster_ip(
    name: str, spec: dict[str, Any], old: Mapping[str, Any], others: list[Mapping[str, Any]]
) -> None:
    asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
    before = old.get("clusterIP", "") if old.get("type") != "ExternalName" else ""
    if before and not asked:
        asked = before
    if before and asked != before:
        raise _invalid(name, "spec.clusterIPs[0]", f'Invalid value: "{asked}": field is immutable')
    taken = {service["spec"].get("clusterIP") for service in others}
    if asked and not before and asked != HEADLESS:
        if not _in_range(asked):
            raise _invalid(
                name,
                "spec.clusterIPs",
                f'Invalid value: ["{asked}"]: failed to allocate IP {asked}: the provided IP '
                f"({asked}) is not in the valid range. The range of valid IPs is {CLUSTER_IPS}",
            )
        if asked in taken:
            raise _invalid(
                name,
                "spec.clusterIPs",
                f'Invalid value: ["{asked}"]: failed to allocate IP {asked}: provided IP is '
                "already allocated",
            )
    if not asked:
        free = (str(ip) for ip in CLUSTER_IPS if str(ip) not in RESERVED and str(ip) not in taken)
        asked = _first(free, name, "spec.clusterIPs", f"no address of {CLUSTER_IPS} is free")
    spec["clusterIP"], spec["clusterIPs"] = asked, [asked]


def _assign_node_ports(
    name: str, spec: dict[str, Any], old: Mapping[str, Any], others: list[Mapping[str, Any]]
) -> None:
    ports = spec.get("ports") or []
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        was_exposed = old.get("type") in ("NodePort", "LoadBalancer")
        for port in ports if was_exposed else ():
            port.pop("nodePort", None)
        return
    taken = {port.get("nodePort") for other in others for port in other["spec"].get("ports") or ()}
    before = {
        (port.get("protocol"), port["port"]): port["nodePort"]
        for port in old.get("ports") or ()
        if "nodePort" in port
    }
    mine: set[int] = set()
    for index, port in enumerate(ports):
        asked = port.get("nodePort") or before.get((port.get("protocol"), port["port"]), 0)
        if asked and asked in taken | mine:
            raise _invalid(
                name,
                f"spec.ports[{index}].nodePort",
                f"Invalid value: {asked}: provided port is already allocated",
            )
        if not asked:
            free = (port for port in NODE_PORTS if port not in taken | mine)
            asked = _first(free, name, f"spec.ports[{index}].nodePort", "no node port is free")
        port["nodePort"] = asked
        mine.add(asked)


def _first(free: Iterator[Any], name: str, field: str, complaint: str) -> Any:
    found = next(free, None)
    if found is None:
        raise _invalid(name, field, complaint)
    return found


def _in_range(address: str) -> bool:
    try:
        return ipaddress.IPv4Address(address) in CLUSTER_IPS
    except ValueError:
        return False


def _invalid(name: str, field: str, message: str) -> Invalid:
    return Invalid(
        f'Service "{name}" is invalid: {field}: {message}',
        kind="Service",
        name=name,
        causes=(Cause(field, message),),
    )
