"""One VirtualService's http rules as Envoy routes, and the routes that exist without one.

Source: istio/istio pilot/pkg/networking/core/route/route.go and route/retry/retry.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from envoy.type.v3 import percent_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import (
    Destination,
    HttpRule,
    Match,
    Mirror,
    Retries,
    Service,
    VirtualService,
)
from harness.local.pilot.names import PASSTHROUGH, is_subset, outbound
from harness.local.pilot.translate.faults import FAULT_FILTER, http_fault
from harness.local.pilot.translate.matches import is_catch_all, route_match
from harness.local.pilot.translate.proto import istio_config, milliseconds, pack, seconds

Route = route_components_pb2.Route
RouteAction = route_components_pb2.RouteAction
STATUS_CODES: Final = "retriable-status-codes"
NO_TIMEOUT: Final = seconds(0)
RETRY_ON: Final = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who asks, through which gateways and port, and which services it can look up there."""

    gateways: frozenset[str]
    port: int
    namespace: str
    labels: Mapping[str, str]
    find_service: Callable[[str], Service | None]


def rule_routes(
    virtual_service: VirtualService, viewpoint: Viewpoint
) -> list[route_components_pb2.Route]:
    """A route per rule and match entry, in order; nothing after the first catch-all."""
    routes: list[route_components_pb2.Route] = []
    for rule in virtual_service.http:
        for match in rule.matches or (None,):
            if not _applies(match, viewpoint):
                continue
            routes.append(_route(virtual_service, rule, match, viewpoint))
            if is_catch_all(routes[-1]):
                return routes
    return routes


def default_route(host: str, port: int) -> route_components_pb2.Route:
    """What a service without a VirtualService gets."""
    route = Route(name="default", match=route_match(None), route=_action())
    route.route.cluster = outbound(host, port)
    return route


def inbound_route(cluster: str) -> route_components_pb2.Route:
    """From a sidecar to its application; retried only if nothing was sent yet."""
    return Route(
        name="default",
        match=route_match(None),
        route=RouteAction(
            cluster=cluster,
            timeout=NO_TIMEOUT,
            retry_policy=route_components_pb2.RetryPolicy(
                retry_on="reset-before-request", num_retries=wrappers_pb2.UInt32Value(value=2)
            ),
        ),
    )


def passthrough_route() -> route_components_pb2.Route:
    """To hosts nobody knows, under ALLOW_ANY."""
    return Route(
        name="allow_any",
        match=route_match(None),
        route=RouteAction(cluster=PASSTHROUGH, timeout=NO_TIMEOUT),
    )


def blocked_route() -> route_components_pb2.Route:
    """An empty 502 for hosts nobody knows, under REGISTRY_ONLY."""
    return Route(
        name="block_all",
        match=route_match(None),
        direct_response=route_components_pb2.DirectResponseAction(status=502),
    )


def catch_alls_last(
    routes: Iterable[route_components_pb2.Route],
) -> list[route_components_pb2.Route]:
    """Stable: what matches everything moves to the end."""
    return sorted(routes, key=is_catch_all)


def _applies(match: Match | None, viewpoint: Viewpoint) -> bool:
    """Whether the entry is for this proxy and port. Named gateways override source conditions."""
    if match is None:
        return True
    if match.port is not None and match.port != viewpoint.port:
        return False
    if match.gateways:
        return any(gateway in viewpoint.gateways for gateway in match.gateways)
    return is_subset(match.source_labels, viewpoint.labels) and (
        match.source_namespace in ("", viewpoint.namespace)
    )


def _route(
    virtual_service: VirtualService, rule: HttpRule, match: Match | None, viewpoint: Viewpoint
) -> route_components_pb2.Route:
    name = f"{rule.name}.{match.name}" if match is not None and match.name else rule.name
    origin = virtual_service.origin
    action = _action()
    action.timeout.CopyFrom(milliseconds(rule.timeout_ms))
    if rule.retries is not None:
        _set_retries(action, rule.retries)
    if len(rule.route) == 1:
        action.cluster = _cluster(rule.route[0].destination, viewpoint)
    else:
        action.weighted_clusters.clusters.extend(
            route_components_pb2.WeightedCluster.ClusterWeight(
                name=_cluster(share.destination, viewpoint),
                weight=wrappers_pb2.UInt32Value(value=share.weight),
            )
            for share in rule.route
            if share.weight
        )
    action.request_mirror_policies.extend(
        _mirror(mirror, viewpoint) for mirror in rule.mirrors if mirror.parts_per_million
    )
    route = Route(
        name=name,
        match=route_match(match),
        route=action,
        metadata=istio_config("virtual-service", origin.namespace, origin.name),
    )
    if rule.fault is not None and (fault := http_fault(rule.fault)) is not None:
        route.typed_per_filter_config[FAULT_FILTER].CopyFrom(pack(fault))
    return route


def _set_retries(action: route_components_pb2.RouteAction, retries: Retries) -> None:
    """As Istio does: none at all for no attempts; status codes need a word of their own."""
    if not retries.attempts:
        action.ClearField("retry_policy")
        return
    policy = action.retry_policy
    policy.num_retries.value = retries.attempts
    if retries.per_try_timeout_ms:
        policy.per_try_timeout.CopyFrom(milliseconds(retries.per_try_timeout_ms))
    if retries.retry_on or retries.status_codes:
        words = list(retries.retry_on)
        if retries.status_codes and STATUS_CODES not in words:
            words.append(STATUS_CODES)
        policy.retry_on = ",".join(words)
        policy.retriable_status_codes.extend(retries.status_codes)


def _action() -> route_components_pb2.RouteAction:
    """Istio's defaults: no time-out, two retries of what certainly did not reach anybody."""
    return RouteAction(
        timeout=NO_TIMEOUT,
        cluster_not_found_response_code=RouteAction.SERVICE_UNAVAILABLE,
        retry_policy=route_components_pb2.RetryPolicy(
            retry_on=RETRY_ON,
            num_retries=wrappers_pb2.UInt32Value(value=2),
            retry_host_predicate=[
                route_components_pb2.RetryPolicy.RetryHostPredicate(
                    name="envoy.retry_host_predicates.previous_hosts",
                    typed_config=pack(previous_hosts_pb2.PreviousHostsPredicate()),
                )
            ],
            host_selection_retry_max_attempts=5,
        ),
    )


def _cluster(destination: Destination, viewpoint: Viewpoint) -> str:
    """The cluster's name, whether or not it exists: a missing one answers 503 (NC)."""
    service = viewpoint.find_service(destination.host)
    if destination.port is not None:
        port = destination.port
    elif service is not None and len(service.ports) == 1:
        port = service.ports[0].number
    else:
        port = viewpoint.port
    return outbound(destination.host, port, destination.subset)


def _mirror(
    mirror: Mirror, viewpoint: Viewpoint
) -> route_components_pb2.RouteAction.RequestMirrorPolicy:
    """Since Istio 1.28 copies keep the Host as it is."""
    return RouteAction.RequestMirrorPolicy(
        cluster=_cluster(mirror.destination, viewpoint),
        runtime_fraction=base_pb2.RuntimeFractionalPercent(
            default_value=percent_pb2.FractionalPercent(
                numerator=mirror.parts_per_million,
                denominator=percent_pb2.FractionalPercent.MILLION,
            )
        ),
        trace_sampled=wrappers_pb2.BoolValue(value=False),
        disable_shadow_host_suffix_append=True,
    )
