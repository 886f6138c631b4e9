"""A VirtualService's http rules as the routes a proxy must have. Pure.

Source: istio/istio, pilot/pkg/networking/core/route/route.go. Proven are matches (uri, headers,
withoutHeaders, queryParams, method, scheme, authority), destinations with weights, mirrors,
redirects, direct responses, time-outs, retries and faults; not: rewrites and delegates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.convergence import policy
from harness.convergence.dump import normal_targets
from harness.convergence.model import ANY_PATH, Condition, Proxy, Route
from harness.convergence.registry import Registry, Rule, expand

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where rules are put into effect: on which proxy, for which gateway name, at which port."""

    proxy: Proxy
    gateways: frozenset[str]
    """``mesh``, or namespace/name of the gateways."""
    port: int
    """The listener's port: a destination's, if nothing else says it."""


def cluster_name(host: str, port: int, subset: str = "") -> str:
    """Istio's name of an outbound cluster."""
    return f"outbound|{port}|{subset}|{host}"


def default_route(host: str, port: int, registry: Registry) -> Route:
    """The route of a service that no VirtualService speaks of."""
    how = policy.of_rule({}, registry.default_retries)
    return Route(frozenset((ANY_PATH,)), ((cluster_name(host, port), 1),), policy=how)


def routes_of(rule: Rule, registry: Registry, place: Place) -> tuple[Route, ...]:
    """The routes of one VirtualService, cut after the first that catches everything."""
    routes: list[Route] = []
    for http in rule.spec.get("http", ()):
        entries: Sequence[Json] = http.get("match") or ({},)
        for match in entries:
            if not _applies(match, rule, place):
                continue
            routes.append(_route(http, match, rule, registry, place))
            if routes[-1].is_catch_all:
                return tuple(routes)
    return tuple(routes)


def bound_gateways(rule: Rule) -> frozenset[str]:
    """Gateways a VirtualService is bound to, as namespace/name, and ``mesh``."""
    return _gateway_names(rule.spec.get("gateways") or ("mesh",), rule.namespace)


def _gateway_names(names: tuple[str, ...], namespace: str) -> frozenset[str]:
    return frozenset(
        name if name == "mesh" or "/" in name else f"{namespace}/{name}" for name in names
    )


def _applies(match: Json, rule: Rule, place: Place) -> bool:
    names = match.get("gateways")
    if names and not _gateway_names(names, rule.namespace) & place.gateways:
        return False
    if match.get("port") not in (None, place.port):
        return False
    if match.get("sourceNamespace") not in (None, place.proxy.namespace):
        return False
    return (match.get("sourceLabels") or {}).items() <= dict(place.proxy.labels).items()


def _route(http: Json, match: Json, rule: Rule, registry: Registry, place: Place) -> Route:
    def cluster(destination: Json) -> str:
        return _destination(destination, rule, registry, place)

    conditions = frozenset(_conditions(match))
    if "redirect" in http:
        return Route(conditions, (), answer="redirect")
    if direct := http.get("directResponse"):
        return Route(conditions, (), answer=str(direct["status"]))
    split = http.get("route", ())
    if len(split) == 1:
        targets: tuple[tuple[str, int], ...] = ((cluster(split[0]["destination"]), 1),)
    else:
        weighed = [(cluster(item["destination"]), int(item.get("weight", 0))) for item in split]
        targets = normal_targets(weighed)
    how = policy.of_rule(http, registry.default_retries)
    return Route(conditions, targets, tuple(_mirrors(http, cluster)), how)


def _mirrors(http: Json, cluster: Callable[[Json], str]) -> Iterator[tuple[str, float]]:
    if mirror := http.get("mirror"):
        percentage = http.get("mirrorPercentage")
        percent = percentage.get("value", 0) if percentage else http.get("mirrorPercent", 100)
        if percent:
            yield cluster(mirror), float(percent)
    for entry in http.get("mirrors", ()):
        percentage = entry.get("percentage")
        percent = percentage.get("value", 0) if percentage else 100
        if percent:
            yield cluster(entry["destination"]), float(percent)


def _destination(destination: Json, rule: Rule, registry: Registry, place: Place) -> str:
    """Its cluster; the port is as written, or the service's only one, or the listener's."""
    host = expand(destination["host"], rule.namespace)
    port = (destination.get("port") or {}).get("number")
    service = registry.service(host)
    if not port and service and len(service.ports) == 1:
        port = service.ports[0].number
    return cluster_name(host, port or place.port, destination.get("subset", ""))


def _conditions(match: Json) -> Iterator[Condition]:
    uri = match.get("uri") or {"prefix": "/"}
    cased = ", any case" if match.get("ignoreUriCase") and "regex" not in uri else ""
    for how, value in uri.items():
        yield Condition("path", how + cased, value)
    for field in ("method", "scheme", "authority"):
        if wanted := match.get(field):
            yield _string(f"header :{field}", wanted, False)
    for name, wanted in (match.get("headers") or {}).items():
        yield _string(f"header {name}", wanted, False)
    for name, wanted in (match.get("withoutHeaders") or {}).items():
        yield _string(f"header {name}", wanted, True)
    for name, wanted in (match.get("queryParams") or {}).items():
        yield _string(f"query {name}", wanted, False)


def _string(subject: str, wanted: Json, inverted: bool) -> Condition:
    """A StringMatch; an empty one, and the regex ``*``, mean that the subject is there."""
    for how, value in wanted.items():
        if not (how == "regex" and value == "*"):
            return Condition(subject, how, value, inverted)
    return Condition(subject, "present", "", inverted)
