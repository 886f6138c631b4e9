"""VirtualServices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.local.contracts import FieldProblem
from harness.local.pilot.admission.rules import resilience
from harness.local.pilot.admission.rules.values import (
    duplicate,
    header_name,
    invalid,
    is_host,
    percentage,
    port,
    required,
    string_match,
)
from harness.local.pilot.model import MESH

Json = Mapping[str, Any]


def problems(spec: Json) -> Iterator[FieldProblem]:
    """Everything wrong with a VirtualService's spec."""
    hosts = spec.get("hosts") or ()
    if not hosts:
        yield required("spec.hosts", "virtual service must have at least one host")
    in_mesh = MESH in (spec.get("gateways") or (MESH,))
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        path = f"spec.hosts[{index}]"
        if not is_host(host):
            yield invalid(path, host, f"domain name {host} is not valid")
        if host == "*" and in_mesh:
            why = "wildcard host * is not allowed for virtual services bound to the mesh gateway"
            yield invalid(path, host, why)
        if host.lower() in seen:
            yield duplicate(path, host, "duplicate hosts in virtual service")
        seen.add(host.lower())
    if not any(spec.get(kind) for kind in ("http", "tcp", "tls")):
        yield required("spec.http", "http, tcp or tls must be provided in virtual service")
    for index, rule in enumerate(spec.get("http") or ()):
        yield from _rule(f"spec.http[{index}]", rule)


def _rule(path: str, rule: Json) -> Iterator[FieldProblem]:
    for index, match in enumerate(rule.get("match") or ()):
        yield from _match(f"{path}.match[{index}]", match)
    shares = rule.get("route") or ()
    if not shares and not any(rule.get(other) for other in ("redirect", "directResponse")):
        yield required(f"{path}.route", "HTTP route or redirect is required")
    for index, share in enumerate(shares):
        yield from _share(f"{path}.route[{index}]", share)
    if len(shares) > 1 and not any(share.get("weight", 0) for share in shares):
        yield invalid(f"{path}.route", 0, "total destination weight = 0")
    yield from _mirrors(path, rule)
    yield from resilience.problems(path, rule)


def _share(path: str, share: Json) -> Iterator[FieldProblem]:
    if "destination" not in share:
        yield required(f"{path}.destination", "destination is required")
    else:
        yield from _destination(f"{path}.destination", share["destination"])
    weight = share.get("weight", 0)
    if weight < 0:
        yield invalid(f"{path}.weight", weight, f"weight {weight} < 0")


def _destination(path: str, destination: Json) -> Iterator[FieldProblem]:
    host = destination.get("host", "")
    if not host:
        yield required(f"{path}.host", "destination host is required")
    elif host.startswith("*") or not is_host(host):
        yield invalid(f"{path}.host", host, f"invalid destination host {host}")
    if "port" in destination:
        if "number" not in destination["port"]:
            yield required(f"{path}.port.number", "port number is required")
        else:
            yield from port(f"{path}.port.number", destination["port"]["number"])


def _match(path: str, match: Json) -> Iterator[FieldProblem]:
    for group in ("headers", "withoutHeaders"):
        for name, value in (match.get(group) or {}).items():
            yield from header_name(f"{path}.{group}", name)
            yield from string_match(f"{path}.{group}[{name}]", value)
    for single in ("uri", "method", "authority", "scheme"):
        yield from string_match(f"{path}.{single}", match.get(single))
    for name, value in (match.get("queryParams") or {}).items():
        yield from string_match(f"{path}.queryParams[{name}]", value)
    if match.get("port"):
        yield from port(f"{path}.port", match["port"])


def _mirrors(path: str, rule: Json) -> Iterator[FieldProblem]:
    if "mirror" in rule:
        yield from _destination(f"{path}.mirror", rule["mirror"])
        if rule.get("mirrors"):
            yield invalid(
                f"{path}.mirrors", "", "HTTP route cannot contain both mirror and mirrors"
            )
    yield from percentage(f"{path}.mirrorPercentage", rule.get("mirrorPercentage"))
    for index, mirror in enumerate(rule.get("mirrors") or ()):
        own = f"{path}.mirrors[{index}]"
        if "destination" not in mirror:
            yield required(f"{own}.destination", "destination is required")
        else:
            yield from _destination(f"{own}.destination", mirror["destination"])
        yield from percentage(f"{own}.percentage", mirror.get("percentage"))
