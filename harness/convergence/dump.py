"""Reads what Envoy's admin interface says into a ProxyView. Pure.

Source of the forms: envoy, api/envoy/admin/v3/{config_dump_shared,clusters}.proto and
api/envoy/config/route/v3/route_components.proto, as JSON: default values may be absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from harness.convergence import policy
from harness.convergence.model import (
    Address,
    Condition,
    ProxyView,
    Route,
    VirtualHost,
)

Json = Mapping[str, Any]
HEALTHY: Final = (None, "UNKNOWN", "HEALTHY")


def parse(documents: Iterable[Json]) -> ProxyView:
    """The view of one proxy, from (parts of) its configuration dump and its clusters.

    KeyError or TypeError if they are something else.
    """
    sections: dict[str, list[Json]] = {}
    clusters: list[Json] = []
    for document in documents:
        clusters += document.get("cluster_statuses", ())
        for config in document.get("configs", ()):
            sections.setdefault(config["@type"].rsplit(".", 1)[-1], []).append(config)
    return ProxyView(
        route_configurations=tuple(
            (config.get("name", ""), tuple(map(_virtual_host, config.get("virtual_hosts", ()))))
            for section in sections.get("RoutesConfigDump", ())
            for entry in section.get("dynamic_route_configs", ())
            if (config := entry.get("route_config"))
        ),
        routed_by_listeners=frozenset(
            name
            for section in sections.get("ListenersConfigDump", ())
            for entry in section.get("dynamic_listeners", ())
            if (state := entry.get("active_state"))
            for name in _route_names(state["listener"])
        ),
        clusters=frozenset(cluster["name"] for cluster in clusters),
        endpoints={cluster["name"]: frozenset(_addresses(cluster)) for cluster in clusters},
    )


def _addresses(cluster: Json) -> Iterator[Address]:
    for host in cluster.get("host_statuses", ()):
        socket = host.get("address", {}).get("socket_address", {})
        if socket and host.get("health_status", {}).get("eds_health_status") in HEALTHY:
            yield f"{socket['address']}:{socket.get('port_value', 0)}"


def _route_names(listener: Json) -> Iterator[str]:
    """Names of the route configurations of a listener's HTTP connection managers."""
    chains = [*listener.get("filter_chains", ()), listener.get("default_filter_chain") or {}]
    for chain in chains:
        for network_filter in chain.get("filters", ()):
            settings = network_filter.get("typed_config", {})
            fetched = settings.get("rds", {}).get("route_config_name")
            if name := fetched or settings.get("route_config", {}).get("name"):
                yield name


def _virtual_host(host: Json) -> VirtualHost:
    return VirtualHost(
        host.get("name", ""), tuple(host.get("domains", ())), tuple(map(_route, host["routes"]))
        if host.get("routes") else (),
    )  # fmt: skip


def _route(route: Json) -> Route:
    action = route.get("route", {})
    answer = ""
    if "direct_response" in route:
        answer = str(route["direct_response"].get("status", ""))
    elif "redirect" in route:
        answer = "redirect"
    return Route(
        frozenset(_conditions(route.get("match", {}))),
        _targets(action),
        tuple(
            (mirror.get("cluster", ""), _percent(mirror.get("runtime_fraction")))
            for mirror in action.get("request_mirror_policies", ())
        ),
        policy.of_route(route),
        answer,
    )


def _targets(action: Json) -> tuple[tuple[str, int], ...]:
    if name := action.get("cluster"):
        return ((name, 1),)
    split = [
        (entry["name"], int(entry.get("weight", 0)))
        for entry in action.get("weighted_clusters", {}).get("clusters", ())
    ]
    return normal_targets(split)


def normal_targets(split: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Without zero weights; what is left alone gets everything, whatever its weight."""
    kept = [(name, weight) for name, weight in split if weight > 0]
    return ((kept[0][0], 1),) if len(kept) == 1 else tuple(kept)


def _percent(fraction: Json | None) -> float:
    """Percentage of a RuntimeFractionalPercent; without one, everything is copied."""
    if fraction is None:
        return 100.0
    value = fraction.get("default_value", {})
    whole = policy.DENOMINATORS[value.get("denominator", "HUNDRED")]
    return float(100.0 * value.get("numerator", 0) / whole)


def _conditions(match: Json) -> Iterator[Condition]:
    cased = "" if match.get("case_sensitive", True) else ", any case"
    for field, how in (("prefix", "prefix"), ("path", "exact"), ("path_separated_prefix", "under")):
        if field in match:
            yield Condition("path", how + cased, match[field])
    if "safe_regex" in match:
        yield Condition("path", "regex", match["safe_regex"]["regex"])
    for header in match.get("headers", ()):
        yield _condition(f"header {header['name']}", header)
    for parameter in match.get("query_parameters", ()):
        yield _condition(f"query {parameter['name']}", parameter)


def _condition(subject: str, matcher: Json) -> Condition:
    inverted = bool(matcher.get("invert_match", False))
    text = matcher.get("string_match", {})
    for how in ("exact", "prefix", "suffix", "contains"):
        if how in text or f"{how}_match" in matcher:
            value = text.get(how, matcher.get(f"{how}_match", ""))
            return Condition(subject, how, value, inverted)
    regex = text.get("safe_regex") or matcher.get("safe_regex_match")
    if regex:
        return Condition(subject, "regex", regex["regex"], inverted)
    if not matcher.get("present_match", True):
        inverted = not inverted
    return Condition(subject, "present", "", inverted)
