"""Follows a request through the applied objects, hop by hop. Pure.

Rules: istio.io reference of Gateway, VirtualService and DestinationRule; what a client sees when
an object is missing: Envoy's response flags (NR, NC, UH), envoyproxy.io: access logging.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.diagnosis.evidence import Evidence, Finding, Json, name, namespace, show, title
from harness.model import Request

DOMAIN: Final = "svc.cluster.local"
MESH: Final = "mesh"


@dataclass(frozen=True, slots=True)
class Way:
    """One destination of a hop: its share of the requests, and who answers there."""

    share: float
    host: str
    subset: str
    pods: tuple[Json, ...]
    fault: Finding | None = None


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


def expand(host: str, space: str) -> str:
    """A dot-free host is a service of the rule's namespace; SERVICE.NAMESPACE is the caller's."""
    lower = host.lower()
    return lower if "." in lower or lower == "*" else f"{lower}.{space}.{DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """Whether ``*``, ``*.example.com`` or a plain host names ``host``."""
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else pattern == host


def age(rule: Json) -> tuple[str, str, str]:
    """Sorts the oldest rule first, as Istio does."""
    return (rule["metadata"].get("creationTimestamp", ""), name(rule), namespace(rule))


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
    return [pod for pod in evidence.pods if wanted.items() <= _labels(pod).items()]


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
        if any(covers(expand(one, namespace(rule)), host) for one in rule["spec"]["hosts"])
    ]  # fmt: skip
    if not rules:
        return Hop((), gateway=gateways[0], fault=_no_rule(evidence, host, gateways[0], bound))
    https = [(rule, http) for rule in rules for http in rule["spec"].get("http", ())]
    for rule, http in sorted(https, key=lambda pair: not pair[1].get("match")):
        if matches(http, request):
            ways = tuple(_ways(evidence, rule, http))
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
            and any(covers(expand(one, namespace(rule)), host) for one in rule["spec"]["hosts"])
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
            return Hop(tuple(_ways(evidence, rule, http)), rule, http)
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


def subsets_of(evidence: Evidence, host: str) -> tuple[Json | None, dict[str, dict[str, str]]]:
    """The DestinationRule for a service, and its subsets' labels."""
    for rule in sorted(evidence.destination_rules, key=age):
        if covers(expand(rule["spec"].get("host", ""), namespace(rule)), host):
            found = rule["spec"].get("subsets", ())
            return rule, {one["name"]: dict(one.get("labels") or {}) for one in found}
    return None, {}


def service_of(evidence: Evidence, host: str) -> Json | None:
    """The Service of a full host name."""
    for service in evidence.services:
        if host == f"{name(service)}.{namespace(service)}.{DOMAIN}":
            return service
    return None


def ready_pods(evidence: Evidence, service: Json) -> list[Json]:
    """Pods behind a Service's ready endpoints."""
    label = "kubernetes.io/service-name"
    names = {
        (endpoint.get("targetRef") or {}).get("name")
        for item in evidence.slices
        if namespace(item) == namespace(service)
        and _labels(item).get(label) == name(service)
        and item.get("ports", [{}])
        for endpoint in item.get("endpoints") or ()
        if endpoint.get("conditions", {}).get("ready") is not False
    }
    return [
        pod for pod in evidence.pods if name(pod) in names and namespace(pod) == namespace(service)
    ]


def way_to(evidence: Evidence, host: str, subset: str, share: float, rule: Json | None) -> Way:
    """One destination, with the fault that keeps it from answering."""
    who = title(rule) if rule else "the mesh"
    see = show("virtualservice", rule) if rule else "kubectl get services -A"
    service = service_of(evidence, host)
    if service is None:
        sentence = f"{who} routes to host {host}, which is no service: Envoy answers 503 NC"
        return Way(share, host, subset, (), Finding(sentence, see))
    ready = ready_pods(evidence, service)
    destination_rule, subsets = subsets_of(evidence, host)
    if subset and subset not in subsets:
        return Way(
            share, host, subset, (), _no_subset(host, subset, who, destination_rule, subsets, see)
        )
    wanted = subsets.get(subset, {})
    pods = tuple(pod for pod in ready if wanted.items() <= _labels(pod).items())
    if pods:
        return Way(share, host, subset, pods)
    return Way(
        share, host, subset, (), _no_endpoint(evidence, service, subset, wanted, destination_rule)
    )


def labels_text(labels: Mapping[str, str]) -> str:
    """``app=catalog,version=v1``."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "nothing"


def _ways(evidence: Evidence, rule: Json, http: Json) -> Iterator[Way]:
    routes = http.get("route", ())
    weights = [1 if len(routes) == 1 else int(route.get("weight", 0)) for route in routes]
    for route, weight in zip(routes, weights, strict=True):
        if not weight:
            continue
        destination = route["destination"]
        host = expand(destination["host"], namespace(rule))
        subset = destination.get("subset", "")
        way = way_to(evidence, host, subset, weight / sum(weights), rule)
        yield way if way.fault else _at_port(evidence, rule, destination, way)


def _at_port(evidence: Evidence, rule: Json, destination: Json, way: Way) -> Way:
    """The way, or its fault if the destination names a port the Service does not have."""
    port = (destination.get("port") or {}).get("number")
    service = service_of(evidence, way.host)
    ports = [found["port"] for found in service["spec"].get("ports", ())] if service else []
    if not port or port in ports:
        return way
    sentence = (
        f"{title(rule)} routes to port {port} of {way.host}, which has only port "
        f"{', '.join(map(str, ports))}: Envoy answers 503 NC"
    )
    return Way(way.share, way.host, way.subset, (), Finding(sentence, show("virtualservice", rule)))


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
        if host in rule["spec"]["hosts"]:
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


def _no_subset(
    host: str,
    subset: str,
    who: str,
    rule: Json | None,
    subsets: Iterable[str],
    see: str,
) -> Finding:
    if rule is None:
        return Finding(
            f"no DestinationRule for host {host} defines subset {subset}, which {who} routes to: "
            "Envoy answers 503 NC",
            "kubectl get destinationrules -A -o yaml",
        )
    has = ", ".join(subsets) or "none"
    return Finding(
        f"{title(rule)} defines no subset {subset}, which {who} routes to (it has {has}): "
        "Envoy answers 503 NC",
        show("destinationrule", rule) if rule else see,
    )


def _no_endpoint(
    evidence: Evidence, service: Json, subset: str, wanted: Mapping[str, str], rule: Json | None
) -> Finding:
    selector = service["spec"].get("selector") or {}
    space = namespace(service)
    behind = [
        pod
        for pod in evidence.pods
        if namespace(pod) == space and selector.items() <= _labels(pod).items()
    ]
    see = f"kubectl -n {space} get endpointslices,pods --show-labels"
    if not behind:
        return Finding(
            f"{title(service)} selects pods labelled {labels_text(selector)}, and there is none: "
            "Envoy answers 503 UH",
            see,
        )
    of_subset = [pod for pod in behind if wanted.items() <= _labels(pod).items()]
    if subset and rule and not of_subset:
        return Finding(
            f"{title(rule)}'s subset {subset} selects pods labelled {labels_text(wanted)}, and "
            f"{title(service)} has none: Envoy answers 503 UH",
            show("destinationrule", rule),
        )
    if unnamed := _unnamed_targets(service, of_subset or behind):
        return Finding(
            f"{title(service)} has no ready endpoint: its targetPort {unnamed} names no port of "
            f"pod {name((of_subset or behind)[0])}: Envoy answers 503 UH",
            show("service", service),
        )
    names = ", ".join(name(pod) for pod in of_subset or behind)
    return Finding(
        f"{title(service)} has no ready endpoint"
        f"{f' in subset {subset}' if subset else ''}, of pods {names}: Envoy answers 503 UH",
        see,
    )


def _unnamed_targets(service: Json, pods: Iterable[Json]) -> str:
    """Target ports given by name that no container of the pods has."""
    known = {
        port.get("name")
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
    }
    targets = (port.get("targetPort") for port in service["spec"].get("ports", ()))
    return ", ".join(one for one in targets if isinstance(one, str) and one not in known)


def _hosts(gateway: Json) -> Iterator[str]:
    for server in gateway["spec"].get("servers", ()):
        yield from server.get("hosts", ())


def _bare(pattern: str) -> str:
    """A server's host without its namespace part."""
    return pattern.rpartition("/")[2].lower()


def _labels(obj: Json) -> dict[str, str]:
    return dict(obj["metadata"].get("labels") or {})


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
