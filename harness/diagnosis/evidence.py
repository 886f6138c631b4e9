"""What was found in the cluster, frozen, and what is concluded from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause in one sentence, and the command that shows it."""

    sentence: str
    command: str

    def __str__(self) -> str:
        return f"{self.sentence}\n  see: {self.command}" if self.command else self.sentence


@dataclass(frozen=True, slots=True)
class Evidence:
    """The objects of a cluster, its proxies' logs since the step began, and their dumps."""

    gateways: tuple[Json, ...] = ()
    virtual_services: tuple[Json, ...] = ()
    destination_rules: tuple[Json, ...] = ()
    service_entries: tuple[Json, ...] = ()
    services: tuple[Json, ...] = ()
    slices: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    deployments: tuple[Json, ...] = ()
    events: tuple[Json, ...] = ()
    outbound_policy: str = "ALLOW_ANY"
    default_retries: Json | None = None
    """MeshConfig.defaultHttpRetryPolicy, which holds where a rule sets no retries."""
    access: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Access log lines since the step began, by pod (``namespace/name``)."""
    logs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Whole logs by ``namespace/pod/container``."""
    dumps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What Envoy's admin interface said, by ``namespace/pod/path``."""
    notes: tuple[str, ...] = ()
    """What could not be read, and why."""


@dataclass(frozen=True, slots=True)
class Access:
    """One line of an access log: ``flags`` is ``-`` where Envoy raised none."""

    path: str
    code: int
    flags: str
    details: str
    authority: str
    cluster: str


LINE: Final = re.compile(
    r'^\[(?P<start>[^\]]+)\] "\S+ (?P<path>\S+) [^"]*" (?P<code>\d+) (?P<flags>\S+) '
    r'(?P<details>\S+) .*"(?P<authority>[^"]*)" "[^"]*" (?P<cluster>\S+) \S+ \S+ \S+ \S+ \S+$',
    re.MULTILINE,
)
"""Istio's default text format (istio.io: Envoy access logs)."""


def accesses(log: str) -> Iterator[Access]:
    """The requests of an access log in Istio's default text format; other lines are passed by."""
    for line in LINE.finditer(log):
        yield Access(
            line["path"],
            int(line["code"]),
            line["flags"],
            line["details"],
            line["authority"],
            line["cluster"],
        )


def since(log: str, moment: str) -> str:
    """The access log lines that began at ``moment`` (ISO 8601, UTC) or later."""
    return "".join(
        f"{line[0]}\n" for line in LINE.finditer(log) if line["start"][:19] >= moment[:19]
    )


def name(obj: Json) -> str:
    """Its metadata.name."""
    return str(obj["metadata"]["name"])


def namespace(obj: Json) -> str:
    """Its metadata.namespace; empty for cluster-scoped kinds."""
    return str(obj["metadata"].get("namespace", ""))


def title(obj: Json) -> str:
    """``VirtualService catalog``."""
    return f"{obj.get('kind', 'object')} {name(obj)}"


def show(plural: str, obj: Json) -> str:
    """The command that prints an object."""
    return f"kubectl -n {namespace(obj)} get {plural} {name(obj)} -o yaml"


def age(rule: Json) -> tuple[str, str, str]:
    """Sorts the oldest rule first, as Istio does."""
    return (rule["metadata"].get("creationTimestamp", ""), name(rule), namespace(rule))


def hosts_of(rule: Json) -> list[str]:
    """Hosts a VirtualService is for, as written."""
    return list(rule["spec"].get("hosts", ()))
