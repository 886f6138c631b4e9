"""Services with their EndpointSlices and pods' labels as models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.local.pilot.ingest.istio import origin
from harness.local.pilot.model import Endpoint, Service, ServicePort
from harness.local.pilot.names import fqdn

Json = Mapping[str, Any]
SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
"""Label of an EndpointSlice that names its Service (well-known labels of Kubernetes)."""
TCP_PROTOCOLS: Final = frozenset({"tcp", "tls", "https", "mongo", "redis", "mysql", "udp"})
"""Port name prefixes and appProtocols that Istio does not treat as HTTP.

Source: istio.io, "Protocol Selection"; anything unknown is sniffed, and HTTP then is HTTP.
"""


def services(
    objects: Iterable[Json], slices: Iterable[Json], pods: Mapping[tuple[str, str], Json]
) -> list[Service]:
    """Every Service, with its ready endpoints. ``pods`` is keyed by (namespace, name)."""
    by_service: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for entry in slices:
        metadata = entry["metadata"]
        name = (metadata.get("labels") or {}).get(SERVICE_NAME_LABEL, "")
        by_service[metadata.get("namespace", ""), name].append(entry)
    return [_service(obj, by_service, pods) for obj in objects]


def _service(
    obj: Json,
    slices: Mapping[tuple[str, str], list[Json]],
    pods: Mapping[tuple[str, str], Json],
) -> Service:
    source = origin(obj)
    spec = obj.get("spec") or {}
    mine = slices.get((source.namespace, source.name), [])
    ports = []
    for port in spec.get("ports") or ():
        if port.get("protocol", "TCP") != "TCP":
            continue
        target = port.get("targetPort", port["port"])
        ports.append(
            ServicePort(
                int(port["port"]),
                port.get("name", ""),
                target if isinstance(target, int) else None,
                _is_http(port),
                _endpoints(mine, port.get("name", ""), pods),
            )
        )
    vips = [spec.get("clusterIP", ""), *(spec.get("clusterIPs") or ())]
    return Service(
        fqdn(source.name, source.namespace),
        source,
        tuple(ports),
        tuple(dict.fromkeys(vip for vip in vips if vip and vip != "None")),
        selector=dict(spec.get("selector") or {}),
    )


def _is_http(port: Json) -> bool:
    protocol = port.get("appProtocol") or port.get("name", "").partition("-")[0]
    return str(protocol).lower() not in TCP_PROTOCOLS


def _endpoints(
    slices: list[Json], port_name: str, pods: Mapping[tuple[str, str], Json]
) -> tuple[Endpoint, ...]:
    found = set()
    endpoints = []
    for entry in slices:
        for port in entry.get("ports") or ():
            if (port.get("name") or "") != port_name or port.get("port") is None:
                continue
            for endpoint in entry.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is False:
                    continue
                labels = _pod_labels(endpoint.get("targetRef"), pods, entry["metadata"])
                for address in endpoint.get("addresses") or ():
                    if (address, port["port"]) not in found:
                        found.add((address, port["port"]))
                        endpoints.append(Endpoint(address, int(port["port"]), labels))
    return tuple(sorted(endpoints, key=lambda endpoint: (endpoint.address, endpoint.port)))


def _pod_labels(
    reference: Json | None, pods: Mapping[tuple[str, str], Json], slice_metadata: Json
) -> Mapping[str, str]:
    """Labels decide subsets; Istio takes them from the pod, not from the EndpointSlice."""
    if not reference or reference.get("kind") != "Pod":
        return {}
    namespace = reference.get("namespace") or slice_metadata.get("namespace", "")
    pod = pods.get((namespace, reference.get("name", "")))
    return dict((pod or {"metadata": {}})["metadata"].get("labels") or {})
