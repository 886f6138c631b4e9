"""Who answers at a destination of a route, or the fault that keeps anybody from it. Pure.

Faults as a client sees them: Envoy's response flags NC and UH (envoyproxy.io, access logging).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.diagnosis.evidence import Evidence, Finding, Json, age, name, namespace, show, title

DOMAIN: Final = "svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Way:
    """One destination of a hop: its share of the requests, and who answers there."""

    share: float
    host: str
    subset: str
    pods: tuple[Json, ...]
    fault: Finding | None = None


def expand(host: str, space: str) -> str:
    """A dot-free host is a service of the rule's namespace; SERVICE.NAMESPACE is the caller's."""
    lower = host.lower()
    return lower if "." in lower or lower == "*" else f"{lower}.{space}.{DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """Whether ``*``, ``*.example.com`` or a plain host names ``host``."""
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else pattern == host


def labels_of(obj: Json) -> dict[str, str]:
    """Its metadata.labels."""
    return dict(obj["metadata"].get("labels") or {})


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
        and labels_of(item).get(label) == name(service)
        and item.get("ports", [{}])
        for endpoint in item.get("endpoints") or ()
        if endpoint.get("conditions", {}).get("ready") is not False
    }
    return [
        pod for pod in evidence.pods if name(pod) in names and namespace(pod) == namespace(service)
    ]


def ways_of(evidence: Evidence, rule: Json, http: Json) -> Iterator[Way]:
    """The destinations of an http rule, with their shares."""
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
    pods = tuple(pod for pod in ready if wanted.items() <= labels_of(pod).items())
    if pods:
        return Way(share, host, subset, pods)
    return Way(
        share, host, subset, (), _no_endpoint(evidence, service, subset, wanted, destination_rule)
    )


def labels_text(labels: Mapping[str, str]) -> str:
    """``app=catalog,version=v1``."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "nothing"


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
        if namespace(pod) == space and selector.items() <= labels_of(pod).items()
    ]
    see = f"kubectl -n {space} get endpointslices,pods --show-labels"
    if not behind:
        return Finding(
            f"{title(service)} selects pods labelled {labels_text(selector)}, and there is none: "
            "Envoy answers 503 UH",
            see,
        )
    of_subset = [pod for pod in behind if wanted.items() <= labels_of(pod).items()]
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
