"""Follows a request through the applied objects, hop by hop. Pure.

Rules: istio.io reference of Gateway, VirtualService and DestinationRule; what a client sees when
an object is missing: Envoy's response flags (NR, NC, UH), envoyproxy.io: access logging.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.diagnosis.destinations import (
    Way,
    covers,
    expand,
    labels_of,
    labels_text,
    way_to,
    ways_of,
)
from harness.diagnosis.evidence import (
    Evidence,
    Finding,
    Json,
    age,
    hosts_of,
    name,
    namespace,
    show,
    title,
)
from harness.model import Request

MESH: Final = "mesh"


@dataclass(frozen=True, slots=True)
class Hop:
    """Where one caller's requests go. Without ways ``fault`` says why."""

    ways: tuple[Way, ...]
    rule: Json | None = None
    http: Json | None = None
    gateway: Json | None = None
    fault: Finding | None = None

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Why requests of this hop, or a share of them, get no answer."""
        own = (self.fault,) if self.fault else ()
        return own + tuple(way.fault for way in self.ways if way.fault)


def gateways_of(rule: Json) -> list[str]:
    """Names a VirtualService is bound to: ``mesh`` or namespace/name."""
    bound = rule["spec"].get("gateways") or [MESH]
    return [one if one == MESH or "/" in one else f"{namespace(rule)}/{one}" for one in bound]


def admitting(evidence: Evidence, host: str) -> list[Json]:
    """Gateways with a server for the host, whatever they select."""
    return [
        gateway
        for gateway in evidence.gateways
        for server in gateway["spec"].get("servers", ())
        if any(covers(_bare(pattern), host) for pattern in server.get("hosts", ()))
    ]


def selected(evidence: Evidence, gateway: Json) -> list[Json]:
    """Pods a Gateway selects."""
    wanted = gateway["spec"].get("selector") or {}
    return [pod for pod in evidence.pods if wanted.items() <= labels_of(pod).items()]


def gateway_hop(evidence: Evidence, request: Request) -> Hop:
    """From the ingress gateway."""
    host = request.host
    everyone = admitting(evidence, host)
    gateways = [one for one in everyone if selected(evidence, one)]
    if not gateways:
        return Hop((), fault=_no_gateway(evidence, host, everyone))
    names = {f"{namespace(one)}/{name(one)}" for one in gateways}
    bound = [
        rule
        for rule in sorted(evidence.virtual_services, key=age)
        if names & set(gateways_of(rule))
    ]
    rules = [
        rule for rule in bound
        if any(covers(expand(one, namespace(rule)), host) for one in hosts_of(rule))
    ]  # fmt: skip
    if not rules:
        return Hop((), gateway=gateways[0], fault=_no_rule(evidence, host, gateways[0], bound))
    https = [(rule, http) for rule in rules for http in rule["spec"].get("http", ())]
    for rule, http in sorted(https, key=lambda pair: not pair[1].get("match")):
        if matches(http, request):
            ways = tuple(ways_of(evidence, rule, http))
            return Hop(ways, rule, http, gateways[0])
    return Hop(
        (),
        rules[0],
        None,
        gateways[0],
        Finding(
            f"no rule of {title(rules[0])} matches {request}: the gateway answers 404 NR",
            show("virtualservice", rules[0]),
        ),
    )


def mesh_rules(evidence: Evidence, host: str) -> list[Json]:
    """VirtualServices for a host bound to the mesh, the one in force first."""
    return sorted(
        (
            rule
            for rule in evidence.virtual_services
            if MESH in gateways_of(rule)
            and any(covers(expand(one, namespace(rule)), host) for one in hosts_of(rule))
        ),
        key=age,
    )


def mesh_hop(evidence: Evidence, host: str, request: Request) -> Hop:
    """From a sidecar to a service of the mesh; ``host`` is its full name."""
    rules = mesh_rules(evidence, host)
    if not rules:
        return Hop((way_to(evidence, host, "", 1.0, None),))
    rule = rules[0]
    for http in rule["spec"].get("http", ()):
        if matches(http, request):
            return Hop(tuple(ways_of(evidence, rule, http)), rule, http)
    sentence = f"no rule of {title(rule)} matches the call to {host}: the sidecar answers 404 NR"
    return Hop((), rule, fault=Finding(sentence, show("virtualservice", rule)))


def matches(http: Json, request: Request) -> bool:
    """Whether an http rule takes the request."""
    entries = http.get("match") or [{}]
    return any(not list(mismatches(entry, request)) for entry in entries)


def mismatches(match: Json, request: Request) -> Iterator[str]:
    """Why a match entry does not take a request, one reason per condition that fails."""
    given = {header.lower(): value for header, value in request.headers.items()}
    for header, wanted in (match.get("headers") or {}).items():
        value = given.get(header.lower())
        if value is None:
            yield f"it asks for header {header}{_condition(wanted)}, and the request has none"
        elif not _is(wanted, value):
            yield f"it asks for header {header}{_condition(wanted)}, and the request says {value!r}"
    for header, wanted in (match.get("withoutHeaders") or {}).items():
        if header.lower() in given and _is(wanted, given[header.lower()]):
            yield f"it asks that header {header} is not{_condition(wanted)}"
    if (uri := match.get("uri")) and not _is(uri, request.path):
        yield f"it asks for uri{_condition(uri)}, and the request's path is {request.path}"


def is_catch_all(http: Json) -> bool:
    """Whether the rule takes every request."""
    return not any(http.get("match") or ())


def _no_gateway(evidence: Evidence, host: str, others: list[Json]) -> Finding:
    if others:
        chosen = labels_text(others[0]["spec"].get("selector") or {})
        return Finding(
            f"{title(others[0])} selects proxies labelled {chosen}, and no pod is: "
            f"the ingress gateway does not listen for {host}",
            show("gateway", others[0]),
        )
    known = [one for gateway in evidence.gateways for one in _hosts(gateway)]
    which = f"the Gateways admit {', '.join(sorted(known))}" if known else "there is no Gateway"
    return Finding(
        f"no Gateway admits host {host} ({which}): the ingress gateway answers 404 NR",
        "kubectl get gateways -A -o yaml",
    )


def _no_rule(evidence: Evidence, host: str, gateway: Json, bound: list[Json]) -> Finding:
    for rule in evidence.virtual_services:
        if host in hosts_of(rule):
            return Finding(
                f"{title(rule)} is for host {host}, but bound to "
                f"{', '.join(gateways_of(rule))} instead of {title(gateway)}: "
                "the ingress gateway answers 404 NR",
                show("virtualservice", rule),
            )
    named = "; ".join(f"{title(rule)} is for {', '.join(rule['spec']['hosts'])}" for rule in bound)
    return Finding(
        f"{title(gateway)} admits host {host}, and no VirtualService bound to it routes that host"
        f"{f' ({named})' if named else ''}: the ingress gateway answers 404 NR",
        "kubectl get virtualservices -A -o yaml",
    )


def _hosts(gateway: Json) -> Iterator[str]:
    for server in gateway["spec"].get("servers", ()):
        yield from server.get("hosts", ())


def _bare(pattern: str) -> str:
    """A server's host without its namespace part."""
    return pattern.rpartition("/")[2].lower()


def _condition(wanted: Json) -> str:
    return "".join(f" {how} {value!r}" for how, value in wanted.items())


def _is(wanted: Json, value: str) -> bool:
    if "exact" in wanted:
        return bool(value == wanted["exact"])
    if "prefix" in wanted:
        return value.startswith(wanted["prefix"])
    if "regex" in wanted:
        return wanted["regex"] == "*" or re.fullmatch(wanted["regex"], value) is not None
    return True
