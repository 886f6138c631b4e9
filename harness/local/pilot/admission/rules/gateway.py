"""Gateways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.local.contracts import FieldProblem
from harness.local.pilot.admission.rules.values import (
    duplicate,
    invalid,
    is_host,
    is_ip,
    port,
    required,
)


def problems(spec: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Everything wrong with a Gateway's spec."""
    servers = spec.get("servers") or ()
    if not servers:
        yield required("spec.servers", "gateway must have at least one server")
    names: set[str] = set()
    for index, server in enumerate(servers):
        path = f"spec.servers[{index}]"
        yield from port(f"{path}.port.number", server["port"]["number"])
        name = server["port"]["name"]
        if not name:
            yield required(f"{path}.port.name", "port name must be set")
        elif name in names:
            yield duplicate(f"{path}.port.name", name, "port names in servers must be unique")
        names.add(name)
        if not server["hosts"]:
            yield required(f"{path}.hosts", "server config must contain at least one host")
        for number, host in enumerate(server["hosts"]):
            yield from _host(f"{path}.hosts[{number}]", host)


def _host(path: str, text: str) -> Iterator[FieldProblem]:
    namespace, slash, host = text.rpartition("/")
    if slash and not (namespace in ("*", ".") or is_host(namespace)):
        yield invalid(path, text, f"namespace {namespace} must be a name, * or .")
    if not is_host(host):
        yield invalid(path, text, f"domain name {host} is not valid")
    elif "." not in host and host != "*" and not is_ip(host):
        yield invalid(path, text, "short names (non FQDN) are not allowed in Gateway server hosts")
