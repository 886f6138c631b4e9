"""The four Istio kinds as models. Defaults are the API's own (istio.io/api, networking/v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.local.pilot.durations import milliseconds
from harness.local.pilot.model import (
    MESH,
    Destination,
    DestinationRule,
    Endpoint,
    Fault,
    Gateway,
    HttpRule,
    LoadBalancer,
    Match,
    MatchKind,
    Mirror,
    Origin,
    Resolution,
    Retries,
    Server,
    Service,
    ServicePort,
    StringMatch,
    Subset,
    VirtualService,
    WeightedDestination,
)
from harness.local.pilot.names import fqdn, gateway_key

Json = Mapping[str, Any]


def origin(obj: Json) -> Origin:
    """Where a model comes from."""
    metadata = obj["metadata"]
    return Origin(
        metadata.get("namespace", ""), metadata["name"], metadata.get("creationTimestamp", "")
    )


def gateway(obj: Json) -> Gateway:
    """A Gateway. A server host's namespace ``.`` is the Gateway's own, none is any."""
    source = origin(obj)
    spec = obj.get("spec") or {}
    return Gateway(
        source,
        dict(spec.get("selector") or {}),
        tuple(
            Server(
                int(server["port"]["number"]),
                tuple(_server_host(host, source.namespace) for host in server.get("hosts") or ()),
            )
            for server in spec.get("servers") or ()
        ),
    )


def _server_host(text: str, namespace: str) -> tuple[str, str]:
    where, slash, host = text.rpartition("/")
    if not slash:
        return ("*", host.lower())
    return (namespace if where == "." else where, host.lower())


def virtual_service(obj: Json) -> VirtualService:
    """A VirtualService; ``gateways`` left out means the mesh."""
    source = origin(obj)
    spec = obj.get("spec") or {}
    return VirtualService(
        source,
        tuple(fqdn(host, source.namespace) for host in spec.get("hosts") or ()),
        tuple(gateway_key(name, source.namespace) for name in spec.get("gateways") or (MESH,)),
        tuple(_rule(rule, source.namespace) for rule in spec.get("http") or ()),
    )


def _rule(rule: Json, namespace: str) -> HttpRule:
    mirrors = [
        Mirror(_destination(entry["destination"], namespace), _millionths(entry.get("percentage")))
        for entry in rule.get("mirrors") or ()
    ]
    if rule.get("mirror"):
        share = rule.get("mirrorPercentage")
        mirrors.insert(0, Mirror(_destination(rule["mirror"], namespace), _millionths(share)))
    return HttpRule(
        rule.get("name", ""),
        tuple(_match(match or {}, namespace) for match in rule.get("match") or ()),
        tuple(
            WeightedDestination(
                _destination(entry["destination"], namespace), int(entry.get("weight", 0))
            )
            for entry in rule.get("route") or ()
        ),
        tuple(mirrors),
        _milliseconds(rule.get("timeout")),
        _retries(rule.get("retries")),
        _fault(rule.get("fault")),
    )


def _milliseconds(duration: str | None) -> int:
    """0 for none; admission has seen to it that it can be read."""
    return round(milliseconds(duration) or 0) if duration else 0


def _retries(retries: Json | None) -> Retries | None:
    """Numbers in ``retryOn`` are status codes (istio/istio route/retry/retry.go)."""
    if retries is None:
        return None
    words = [word for word in retries.get("retryOn", "").split(",") if word]
    return Retries(
        int(retries.get("attempts", 0)),
        _milliseconds(retries.get("perTryTimeout")),
        tuple(word for word in words if not word.isdigit()),
        tuple(int(word) for word in words if word.isdigit()),
    )


def _fault(fault: Json | None) -> Fault | None:
    """Without a percentage nothing is hit (istio/istio route/route.go, TranslateFault)."""
    if fault is None:
        return None
    delay, abort = fault.get("delay") or {}, fault.get("abort") or {}
    return Fault(
        _milliseconds(delay.get("fixedDelay")),
        _millionths(delay.get("percentage") or {}),
        int(abort.get("httpStatus", 0)),
        _millionths(abort.get("percentage") or {}),
    )


def _millionths(percent: Json | None) -> int:
    """Istio's Percent as parts per million, cut off as Istio cuts it; no percent is all."""
    return 1_000_000 if percent is None else int(float(percent.get("value", 0)) * 10_000)


def _destination(destination: Json, namespace: str) -> Destination:
    port = (destination.get("port") or {}).get("number")
    return Destination(
        fqdn(destination["host"], namespace),
        destination.get("subset", ""),
        None if port is None else int(port),
    )


def _match(match: Json, namespace: str) -> Match:
    return Match(
        name=match.get("name", ""),
        uri=_optional_string_match(match.get("uri")),
        ignore_uri_case=bool(match.get("ignoreUriCase", False)),
        headers=_named_matches(match.get("headers")),
        without_headers=_named_matches(match.get("withoutHeaders")),
        method=_optional_string_match(match.get("method")),
        authority=_optional_string_match(match.get("authority")),
        scheme=_optional_string_match(match.get("scheme")),
        query_params=_named_matches(match.get("queryParams")),
        port=int(match["port"]) if match.get("port") else None,
        gateways=tuple(gateway_key(name, namespace) for name in match.get("gateways") or ()),
        source_labels=dict(match.get("sourceLabels") or {}),
        source_namespace=match.get("sourceNamespace", ""),
    )


def _named_matches(matches: Json | None) -> tuple[tuple[str, StringMatch], ...]:
    return tuple((name, _string_match(value)) for name, value in sorted((matches or {}).items()))


def _optional_string_match(match: Json | None) -> StringMatch | None:
    return None if match is None else _string_match(match)


def _string_match(match: Json | None) -> StringMatch:
    """An empty match, and the regex ``*``, only ask for presence (istio/istio#20629)."""
    for kind in (MatchKind.EXACT, MatchKind.PREFIX, MatchKind.REGEX):
        if match and kind in match:
            if kind is MatchKind.REGEX and match[kind] == "*":
                break
            return StringMatch(kind, match[kind])
    return StringMatch(MatchKind.PRESENT)


def destination_rule(obj: Json) -> DestinationRule:
    """A DestinationRule."""
    source = origin(obj)
    spec = obj.get("spec") or {}
    return DestinationRule(
        source,
        fqdn(spec["host"], source.namespace),
        tuple(
            Subset(
                subset["name"],
                dict(subset.get("labels") or {}),
                _load_balancer(subset.get("trafficPolicy")),
            )
            for subset in spec.get("subsets") or ()
        ),
        _load_balancer(spec.get("trafficPolicy")),
    )


def _load_balancer(policy: Json | None) -> LoadBalancer | None:
    simple = ((policy or {}).get("loadBalancer") or {}).get("simple", "UNSPECIFIED")
    if simple == "UNSPECIFIED":
        return None
    return LoadBalancer.LEAST_REQUEST if simple == "LEAST_CONN" else LoadBalancer(simple)


def service_entry(obj: Json) -> list[Service]:
    """One service per host of a ServiceEntry.

    With DNS and no endpoints the host itself is the endpoint (Istio's
    serviceregistry/serviceentry conversion).
    """
    source = origin(obj)
    spec = obj.get("spec") or {}
    dns = spec.get("resolution") == "DNS"
    services = []
    for host in spec.get("hosts") or ():
        given = spec.get("endpoints") or ([{"address": host}] if dns else [])
        ports = tuple(
            ServicePort(
                int(port["number"]),
                port.get("name", ""),
                int(port["targetPort"]) if port.get("targetPort") else None,
                endpoints=tuple(_entry_endpoint(endpoint, port) for endpoint in given),
            )
            for port in spec.get("ports") or ()
        )
        services.append(
            Service(
                host.lower(),
                source,
                ports,
                tuple(spec.get("addresses") or ()),
                Resolution.DNS if dns else Resolution.ENDPOINTS,
                in_cluster=False,
            )
        )
    return services


def _entry_endpoint(endpoint: Json, port: Json) -> Endpoint:
    number = (endpoint.get("ports") or {}).get(port.get("name", ""))
    return Endpoint(
        endpoint["address"],
        int(number or port.get("targetPort") or port["number"]),
        dict(endpoint.get("labels") or {}),
    )
