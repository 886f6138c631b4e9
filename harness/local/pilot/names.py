"""Istio's names and host rules: short names, wildcards, clusters, route configurations.

Pure. Source: istio/istio pkg/config/host/name.go, pilot/pkg/model/context.go and service.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

DOMAIN: Final = "svc.cluster.local"
HTTP_PROXY_ROUTES: Final = "http_proxy"
"""Route configuration of the explicit-proxy listener."""
BLACK_HOLE: Final = "BlackHoleCluster"
PASSTHROUGH: Final = "PassthroughCluster"


def fqdn(name: str, namespace: str) -> str:
    """Expand a dot-free name; anything else, and the lone wildcard, stays as it is."""
    return name if "." in name or name == "*" else f"{name}.{namespace}.{DOMAIN}"


def outbound(host: str, port: int, subset: str = "") -> str:
    """Cluster name of a service's port or of a subset of it."""
    return f"outbound|{port}|{subset}|{host}"


def inbound(port: int) -> str:
    """Cluster name of the application behind a sidecar."""
    return f"inbound|{port}||"


def gateway_routes(port: int) -> str:
    """Route configuration of a gateway's listening port."""
    return f"http.{port}"


def gateway_key(reference: str, namespace: str) -> str:
    """``namespace/name`` of a gateway named in a VirtualService of ``namespace``."""
    return reference if reference == "mesh" or "/" in reference else f"{namespace}/{reference}"


def is_wildcard(host: str) -> bool:
    """Whether the host starts with ``*``."""
    return host.startswith("*")


def covers(pattern: str, host: str) -> bool:
    """Whether every name that ``host`` (maybe a wildcard) stands for matches ``pattern``."""
    if not is_wildcard(pattern):
        return pattern == host
    suffix = pattern[1:]
    if is_wildcard(host):
        return host[1:].endswith(suffix)
    return host.endswith(suffix) and (suffix == "" or len(host) > len(suffix))


def overlap(one: str, other: str) -> str | None:
    """The more specific of two hosts if one covers the other."""
    if covers(other, one):
        return one
    return other if covers(one, other) else None


def most_specific(host: str, candidates: Iterable[str]) -> str | None:
    """The candidate that fits ``host`` best: itself, else the longest covering wildcard."""
    best: str | None = None
    for candidate in candidates:
        if candidate == host:
            return candidate
        if (
            is_wildcard(candidate)
            and covers(candidate, host)
            and (best is None or len(candidate) > len(best))
        ):
            best = candidate
    return best


def is_subset(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether ``labels`` carries every wanted label."""
    return all(labels.get(name) == value for name, value in wanted.items())
