"""Configuration dumps in Envoy's form, as proxies of istiod and of the local pilot give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TYPE = "type.googleapis.com/envoy.admin.v3."
HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
CATALOG = "catalog.istioinaction.svc.cluster.local"


def cluster(subset: str = "", host: str = CATALOG, port: int = 80) -> str:
    return f"outbound|{port}|{subset}|{host}"


def route(
    target: Any, *headers: Mapping[str, Any], prefix: str = "/", **action: Any
) -> dict[str, Any]:
    """``target``: a cluster, or weights by cluster. The noise is what Istio adds and we ignore."""
    match: dict[str, Any] = {"prefix": prefix}
    if headers:
        match["headers"] = list(headers)
    if isinstance(target, str):
        goal: dict[str, Any] = {"cluster": target}
    else:
        clusters = [{"name": name, "weight": weight} for name, weight in target.items()]
        goal = {"weighted_clusters": {"clusters": clusters, "total_weight": 100}}
    noise = {
        "timeout": "0s",
        "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 2},
        "max_grpc_timeout": "0s",
    }
    return {
        "match": match,
        "route": {**goal, **noise, **action},
        "decorator": {"operation": "catalog:80/*"},
        "metadata": {"filter_metadata": {"istio": {"config": "/apis/networking.istio.io/v1"}}},
    }


def exact(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string_match": {"exact": value}}


def host(name: str, domains: Sequence[str], *routes: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "domains": list(domains), "routes": list(routes)}


def service_host(name: str, *routes: Mapping[str, Any]) -> dict[str, Any]:
    fqdn = f"{name}.istioinaction.svc.cluster.local"
    domains = [fqdn, f"{fqdn}.", name, f"{name}.istioinaction.svc", f"{name}.istioinaction"]
    return host(f"{fqdn}:80", domains, *(routes or (route(cluster(host=fqdn)),)))


ALLOW_ANY = host("allow_any", ["*"], route("PassthroughCluster"))
BLOCK_ALL = {
    "name": "block_all",
    "domains": ["*"],
    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 502}}],
}
INGRESS = host(
    "istio-ingressgateway.istio-system.svc.cluster.local:80",
    ["istio-ingressgateway.istio-system.svc.cluster.local"],
    route(cluster(host="istio-ingressgateway.istio-system.svc.cluster.local")),
)


def status(name: str, *addresses: str) -> dict[str, Any]:
    """One cluster as /clusters?format=json tells of it."""
    return {
        "name": name,
        "added_via_api": True,
        "eds_service_name": name,
        "host_statuses": [
            {
                "address": {
                    "socket_address": {
                        "address": address.split(":")[0],
                        "port_value": int(address.split(":")[1]),
                    }
                },
                "stats": [{"name": "cx_total"}, {"type": "GAUGE", "name": "rq_active"}],
                "health_status": {"eds_health_status": "HEALTHY"},
                "weight": 1,
            }
            for address in addresses
        ],
    }


def dump(
    configurations: Mapping[str, Sequence[Mapping[str, Any]]],
    endpoints: Mapping[str, Sequence[str]],
    listening: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Routes, listeners and clusters. ``endpoints``: addresses by cluster; each cluster exists.

    ``listening``: route configurations that listeners use; all by default.
    """
    routed = configurations if listening is None else listening
    routes = [
        {
            "version_info": "7",
            "route_config": {
                "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                "name": name,
                "virtual_hosts": list(hosts),
            },
        }
        for name, hosts in configurations.items()
    ]
    listeners = [listener(number, name) for number, name in enumerate(routed, 8080)]
    listeners.append({"name": "0.0.0.0_15006", "warming_state": {"listener": {"name": "…"}}})
    own = {"name": "xds-grpc", "host_statuses": [{"address": {"pipe": {"path": "/etc/xds"}}}]}
    return [
        {"configs": [{"@type": f"{TYPE}RoutesConfigDump", "dynamic_route_configs": routes}]},
        {"configs": [{"@type": f"{TYPE}ListenersConfigDump", "dynamic_listeners": listeners}]},
        {"cluster_statuses": [own, *(status(name, *where) for name, where in endpoints.items())]},
    ]


def listener(number: int, configuration: str) -> dict[str, Any]:
    manager = {
        "@type": f"{HCM}.HttpConnectionManager",
        "rds": {"route_config_name": configuration},
    }
    chain = {"filters": [{"name": "http_connection_manager", "typed_config": manager}]}
    name = f"0.0.0.0_{number}"
    return {"name": name, "active_state": {"listener": {"name": name, "filter_chains": [chain]}}}
