"""Where a cluster's ingress gateway can be reached from here: its Service and nodes say. Pure.

In this order: the load balancer's address, a NodePort, and if neither answers a port-forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

HTTP: Final = 80
STATUS: Final = 15021
"""The gateway's health port, which answers before there is any route (istio.io, "Ports")."""
LOCALHOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way in. ``probe`` is a port that answers already, 0 if there is none."""

    how: str
    host: str
    port: int
    probe: int

    @property
    def url(self) -> str:
        """The ingress URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}" + ("" if self.port == HTTP else f":{self.port}")


def candidates(
    service: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], api_host: str
) -> list[Candidate]:
    """Every way in that the Service promises, the likeliest first."""
    ports = {port["port"]: port for port in service["spec"]["ports"]}
    if HTTP not in ports:
        return []
    return [*_balanced(service, ports), *_on_nodes(ports, nodes, api_host)]


def _balanced(
    service: Mapping[str, Any], ports: Mapping[int, Mapping[str, Any]]
) -> Iterator[Candidate]:
    status = service.get("status", {}).get("loadBalancer") or {}
    for entry in status.get("ingress") or ():
        if host := entry.get("hostname") or entry.get("ip"):
            yield Candidate("load balancer", host, HTTP, STATUS if STATUS in ports else 0)


def _on_nodes(
    ports: Mapping[int, Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]], api_host: str
) -> Iterator[Candidate]:
    node_port = ports[HTTP].get("nodePort", 0)
    if not node_port:
        return
    probe = ports.get(STATUS, {}).get("nodePort", 0)
    hosts = [LOCALHOST] if api_host in (LOCALHOST, "localhost", "::1") else []
    for wanted in ("ExternalIP", "InternalIP"):
        hosts += [
            address["address"]
            for node in nodes
            for address in node.get("status", {}).get("addresses") or ()
            if address["type"] == wanted
        ]
    yield from (Candidate("node port", host, node_port, probe) for host in hosts)
