"""ServiceEntries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.local.contracts import FieldProblem
from harness.local.pilot.admission.rules.values import (
    duplicate,
    invalid,
    is_domain,
    is_host,
    is_ip,
    port,
    required,
)
from harness.local.pilot.admission.support import REMEDY

Json = Mapping[str, Any]


def problems(spec: Json) -> Iterator[FieldProblem]:
    """Everything wrong with a ServiceEntry's spec."""
    if not spec["hosts"]:
        yield required("spec.hosts", "service entry must have at least one host")
    for index, host in enumerate(spec["hosts"]):
        if host == "*" or not is_host(host):
            yield invalid(f"spec.hosts[{index}]", host, f"invalid host {host}")
    for index, address in enumerate(spec.get("addresses") or ()):
        if not is_ip(address):
            why = f"address ranges are {REMEDY}" if "/" in address else "not an IP address"
            yield invalid(f"spec.addresses[{index}]", address, why)
    yield from _ports(spec.get("ports") or ())
    yield from _resolution(spec)


def _ports(ports: Sequence[Json]) -> Iterator[FieldProblem]:
    if not ports:
        yield required("spec.ports", "service entry ports required")
    numbers: set[int] = set()
    names: set[str] = set()
    for index, entry in enumerate(ports):
        path = f"spec.ports[{index}]"
        yield from port(f"{path}.number", entry["number"])
        if entry.get("targetPort"):
            yield from port(f"{path}.targetPort", entry["targetPort"])
        if not entry["name"]:
            yield required(f"{path}.name", "port name must be set")
        if entry["name"] in names:
            yield duplicate(
                f"{path}.name", entry["name"], "service entry port name already defined"
            )
        if entry["number"] in numbers:
            yield duplicate(f"{path}.number", entry["number"], "service entry port already defined")
        names.add(entry["name"])
        numbers.add(entry["number"])


def _resolution(spec: Json) -> Iterator[FieldProblem]:
    endpoints = spec.get("endpoints") or ()
    resolution = spec.get("resolution")
    if resolution is None:
        why = f"without a resolution it is NONE, which is {REMEDY}"
        yield FieldProblem(
            "spec.resolution", f'Unsupported value: "NONE": {why}', "FieldValueNotSupported"
        )
    elif resolution == "STATIC" and not endpoints:
        why = "endpoints must be provided if service entry resolution mode is static"
        yield required("spec.endpoints", why)
    elif resolution == "DNS" and not endpoints:
        for index, host in enumerate(spec["hosts"]):
            if not is_domain(host):
                why = "hosts must be FQDN if no endpoints are provided for resolution mode DNS"
                yield invalid(f"spec.hosts[{index}]", host, why)
    named = {entry["name"] for entry in spec.get("ports") or ()}
    for index, endpoint in enumerate(endpoints):
        path = f"spec.endpoints[{index}]"
        address = endpoint.get("address", "")
        if not address:
            yield required(f"{path}.address", "endpoint address is required")
        elif resolution == "STATIC" and not is_ip(address):
            yield invalid(f"{path}.address", address, "endpoint address is not a valid IP address")
        elif not (is_ip(address) or is_domain(address)):
            yield invalid(f"{path}.address", address, "endpoint address is not valid")
        for name, number in (endpoint.get("ports") or {}).items():
            if name not in named:
                why = f"endpoint port {name} is not defined by the service entry"
                yield invalid(f"{path}.ports[{name}]", number, why)
            yield from port(f"{path}.ports[{name}]", number)
