"""Feeds a call through generated resources and says where it would go, without an Envoy.

Follows Envoy's matching: virtual hosts by domain (exact, then the longest suffix wildcard, then
the longest prefix wildcard, then ``*``), routes in order. For tests and for diagnosis; the tests
put the same questions to real Envoys. Source: Envoy's documentation of config.route.v3.VirtualHost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)

from harness.local.pilot.translate import Resources

NO_ROUTE: Final = "NR"
NO_CLUSTER: Final = "NC"
NO_HOST: Final = "UH"
DIRECT: Final = "DR"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a listener gets it. ``host`` is the Host header, port included if it has one."""

    host: str
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Share:
    """A cluster, its part of the calls, and what goes wrong there (NC or UH), if anything."""

    cluster: str
    weight: int = 1
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a call goes: listener, route configuration, virtual host, route, clusters.

    ``status`` and ``flag`` are set where no cluster is asked at all.
    """

    listener: str
    routes: str = ""
    virtual_host: str = ""
    route: str = ""
    shares: tuple[Share, ...] = ()
    mirrors: tuple[str, ...] = ()
    status: int | None = None
    flag: str = ""

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters' names."""
        return tuple(share.cluster for share in self.shares)


def simulate(resources: Resources, listener: str, call: Call) -> Outcome:
    """Where ``call`` goes when it reaches ``listener``. KeyError: no such listener."""
    configuration = _route_configuration(resources, listener)
    host = _virtual_host(configuration, call.host)
    if host is None:
        return Outcome(listener, configuration.name, status=404, flag=NO_ROUTE)
    where = Outcome(listener, configuration.name, host.name, status=404, flag=NO_ROUTE)
    for route in host.routes:
        if _matches(route.match, call):
            return _outcome(where, route, resources)
    return where


def _route_configuration(resources: Resources, listener: str) -> route_pb2.RouteConfiguration:
    manager = http_connection_manager_pb2.HttpConnectionManager()
    message: Any = resources.listeners[listener].message
    message.filter_chains[0].filters[0].typed_config.Unpack(manager)
    if manager.HasField("rds"):
        found: Any = resources.routes[manager.rds.route_config_name].message
        return found
    return manager.route_config


def _virtual_host(
    configuration: route_pb2.RouteConfiguration, host: str
) -> route_components_pb2.VirtualHost | None:
    wanted = host.lower()
    if configuration.ignore_port_in_host_matching:
        wanted = re.sub(r":\d+$", "", wanted)
    best: tuple[int, int] = (0, 0)
    chosen = None
    for virtual_host in configuration.virtual_hosts:
        for domain in virtual_host.domains:
            rank = _domain_rank(domain.lower(), wanted)
            if rank > best:
                best, chosen = rank, virtual_host
    return chosen


def _domain_rank(domain: str, host: str) -> tuple[int, int]:
    if domain == host:
        return (4, 0)
    if domain == "*":
        return (1, 0)
    if domain.startswith("*") and host.endswith(domain[1:]) and len(host) >= len(domain):
        return (3, len(domain))
    if domain.endswith("*") and host.startswith(domain[:-1]) and len(host) >= len(domain):
        return (2, len(domain))
    return (0, 0)


def _outcome(where: Outcome, route: route_components_pb2.Route, resources: Resources) -> Outcome:
    if route.HasField("direct_response"):
        return Outcome(
            where.listener, where.routes, where.virtual_host, route.name,
            status=route.direct_response.status, flag=DIRECT,
        )  # fmt: skip
    action = route.route
    if action.HasField("weighted_clusters"):
        weights = [(share.name, share.weight.value) for share in action.weighted_clusters.clusters]
    else:
        weights = [(action.cluster, 1)]
    return Outcome(
        where.listener,
        where.routes,
        where.virtual_host,
        route.name,
        tuple(Share(name, weight, _flag(resources, name)) for name, weight in weights),
        tuple(policy.cluster for policy in action.request_mirror_policies),
    )


def _flag(resources: Resources, cluster: str) -> str:
    if cluster not in resources.clusters:
        return NO_CLUSTER
    content: Any = resources.clusters[cluster].message
    found: Any = content.load_assignment
    if cluster in resources.endpoints:
        found = resources.endpoints[cluster].message
    has_members = any(locality.lb_endpoints for locality in found.endpoints)
    return "" if has_members or content.cluster_type.name else NO_HOST


def _matches(match: route_components_pb2.RouteMatch, call: Call) -> bool:
    parts = urlsplit(call.path)
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers |= {":method": call.method, ":authority": call.host, ":scheme": "http"}
    query = parse_qs(parts.query, keep_blank_values=True)
    return (
        _path_matches(match, parts.path)
        and all(_header_matches(matcher, headers) for matcher in match.headers)
        and all(_query_matches(matcher, query) for matcher in match.query_parameters)
    )


def _path_matches(match: route_components_pb2.RouteMatch, path: str) -> bool:
    folded = match.HasField("case_sensitive") and not match.case_sensitive.value
    kind = match.WhichOneof("path_specifier")
    if kind == "safe_regex":
        return re.fullmatch(match.safe_regex.regex, path) is not None
    wanted = match.path if kind == "path" else match.prefix
    if folded:
        wanted, path = wanted.lower(), path.lower()
    return path == wanted if kind == "path" else path.startswith(wanted)


def _header_matches(
    matcher: route_components_pb2.HeaderMatcher, headers: Mapping[str, str]
) -> bool:
    value = headers.get(matcher.name.lower())
    if matcher.WhichOneof("header_match_specifier") == "present_match":
        return (value is not None) is not matcher.invert_match
    if value is None:
        if not matcher.treat_missing_header_as_empty:
            return False
        value = ""
    return _string_matches(matcher.string_match, value) is not matcher.invert_match


def _query_matches(
    matcher: route_components_pb2.QueryParameterMatcher, query: Mapping[str, list[str]]
) -> bool:
    values = query.get(matcher.name)
    if values is None:
        return False
    if matcher.WhichOneof("query_parameter_match_specifier") == "present_match":
        return True
    return _string_matches(matcher.string_match, values[0])


def _string_matches(matcher: Any, value: str) -> bool:
    kind = matcher.WhichOneof("match_pattern")
    if kind == "exact":
        return bool(value == matcher.exact)
    if kind == "prefix":
        return value.startswith(matcher.prefix)
    return re.fullmatch(matcher.safe_regex.regex, value) is not None
