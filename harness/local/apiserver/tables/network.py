"""Columns of Services, Endpoints and EndpointSlices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver.tables.columns import (
    NONE,
    Layout,
    columns,
    created,
    joined,
    selector,
)
from harness.local.store import Object, Resource, kinds

SHOWN: Final = 3
"""Addresses and ports written out before ``+ N more...``."""


def _service(service: Object, now: datetime) -> Sequence[Any]:
    spec = service.get("spec", {})
    return (
        service["metadata"]["name"],
        spec.get("type", "ClusterIP"),
        spec.get("clusterIP") or NONE,
        _external(service),
        joined([_service_port(each) for each in spec.get("ports") or ()]),
        created(service, now),
        selector(spec.get("selector")),
    )


def _external(service: Object) -> str:
    spec = service.get("spec", {})
    given = list(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName") or NONE)
    if spec.get("type") == "LoadBalancer":
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        return joined(
            [each.get("ip") or each.get("hostname", "") for each in ingress] + given, "<pending>"
        )
    return joined(given)


def _service_port(port: Mapping[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node_port}/{port.get('protocol', 'TCP')}"


def _more(items: Sequence[str]) -> str:
    rest = len(items) - SHOWN
    shown = ",".join(items[:SHOWN])
    return f"{shown} + {rest} more..." if rest > 0 else shown or NONE


def _endpoints(endpoints: Object, now: datetime) -> Sequence[Any]:
    found = []
    for subset in endpoints.get("subsets") or ():
        ports = [f":{port.get('port')}" for port in subset.get("ports") or ()] or [""]
        for address in subset.get("addresses") or ():
            found += [f"{address.get('ip')}{port}" for port in ports]
    return endpoints["metadata"]["name"], _more(found), created(endpoints, now)


def _endpoint_slice(endpoint_slice: Object, now: datetime) -> Sequence[Any]:
    ports = [str(port.get("port") or "*") for port in endpoint_slice.get("ports") or ()]
    addresses = [
        address
        for endpoint in endpoint_slice.get("endpoints") or ()
        for address in endpoint.get("addresses") or ()
    ]
    return (
        endpoint_slice["metadata"]["name"],
        endpoint_slice.get("addressType", ""),
        _more(ports) if ports else "<unset>",
        _more(addresses) if addresses else "<unset>",
        created(endpoint_slice, now),
    )


LAYOUTS: Final[Mapping[Resource, Layout]] = {
    kinds.SERVICES: Layout(
        columns("Name, Type, Cluster-IP, External-IP, Port(s), Age", "Selector"), _service
    ),
    kinds.ENDPOINTS: Layout(columns("Name, Endpoints, Age"), _endpoints),
    kinds.ENDPOINT_SLICES: Layout(
        columns("Name, AddressType, Ports, Endpoints, Age"), _endpoint_slice
    ),
}
