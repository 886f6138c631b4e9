"""Service + pods → EndpointSlices, and the legacy Endpoints object.

Pods whose ports resolve differently (a named targetPort) land in different slices. A slice that
is no longer needed is used for what is, so a Service's only slice stays the same. Names of new
ones are derived, so that the same input always gives the same objects.

Source: kubernetes/staging/src/k8s.io/endpointslice, pkg/controller/endpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container, Iterable, Sequence
from typing import Any, Final

from harness.local.controllers.owners import (
    controlled_by,
    is_ending,
    is_finished,
    is_ready,
    owner_reference,
)
from harness.local.controllers.writes import Create, Delete, Plan, Update, Write
from harness.local.store import Object, Resource, kinds

SERVICE_NAME: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
CONTROLLER: Final = "endpointslice-controller.k8s.io"

Port = tuple[str, str, int]  # name, protocol, number


def plan(
    service: Object, pods: Iterable[Object], slices: Sequence[Object], endpoints: Object | None
) -> Plan:
    """``slices`` are those the controller manages for the service, ``endpoints`` the legacy one."""
    selector = service["spec"].get("selector")
    if not selector or service["spec"].get("type") == "ExternalName" or is_ending(service):
        return Plan()
    chosen = sorted(
        (pod for pod in pods if selects(service, pod) and _has_address(pod)),
        key=lambda pod: str(pod["metadata"]["name"]),
    )
    groups: dict[tuple[Port, ...], list[Object]] = {}
    for pod in chosen:
        groups.setdefault(_ports(service, pod), []).append(pod)
    wanted = groups or {(): []}
    assigned = _assigned(wanted, [slice_ for slice_ in slices if _is_usable(service, slice_)])
    names = {slice_["metadata"]["name"] for slice_ in slices}
    writes: list[Write] = []
    for ports, group in wanted.items():
        found = assigned.get(ports)
        name = found["metadata"]["name"] if found else _free_name(service, ports, names)
        names.add(name)
        writes += _written(kinds.ENDPOINT_SLICES, _slice(service, name, ports, group), found)
    kept = {slice_["metadata"]["name"] for slice_ in assigned.values()}
    stale = [slice_ for slice_ in slices if slice_["metadata"]["name"] not in kept]
    writes += [Delete(kinds.ENDPOINT_SLICES, slice_) for slice_ in stale]
    writes += _written(kinds.ENDPOINTS, _legacy(service, groups), endpoints)
    return Plan(tuple(writes))


def selects(service: Object, pod: Object) -> bool:
    """The service's selector matches the pod's labels."""
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels", {})
    return bool(selector) and selector.items() <= labels.items()


def _is_usable(service: Object, slice_: Object) -> bool:
    """Whether the slice can be written anew: addressType is immutable."""
    return (
        bool(controlled_by(service, [slice_]))
        and slice_.get("addressType") == "IPv4"
        and not is_ending(slice_)
    )


def _assigned(
    wanted: Collection[tuple[Port, ...]], slices: Sequence[Object]
) -> dict[tuple[Port, ...], Object]:
    """The slice that is to hold these ports: the one that does, or one no longer needed.

    So a Service keeps its slice when its last pod goes, or its port changes (source: finalize in
    endpointslice/reconciler.go).
    """
    holding: dict[tuple[Port, ...], Object] = {}
    spare: list[Object] = []
    for slice_ in slices:
        ports = _ports_of(slice_)
        if ports in wanted and ports not in holding:
            holding[ports] = slice_
        else:
            spare.append(slice_)
    lacking = (ports for ports in wanted if ports not in holding)
    return holding | dict(zip(lacking, spare, strict=False))


def _ports_of(slice_: Object) -> tuple[Port, ...]:
    return tuple(
        (port.get("name", ""), port.get("protocol", "TCP"), port.get("port", 0))
        for port in slice_.get("ports") or ()
    )


def _free_name(service: Object, ports: tuple[Port, ...], taken: Container[str]) -> str:
    """Derived from the ports; a slice that came to hold others keeps the name it has."""
    seed = repr((service["metadata"]["uid"], ports))
    while True:
        digest = hashlib.sha256(seed.encode()).hexdigest()
        name = f"{service['metadata']['name']}-{digest[:5]}"
        if name not in taken:
            return name
        seed = digest


def _written(resource: Resource, wanted: dict[str, Any], found: Object | None) -> list[Write]:
    if found is None:
        return [Create(resource, wanted)]
    metadata = {**found["metadata"], "labels": wanted["metadata"]["labels"]}
    content = {k: v for k, v in wanted.items() if k != "metadata"}
    kept = {k: found[k] for k in ("apiVersion", "kind")}
    new = {**kept, "metadata": metadata, **content}
    return [] if new == found else [Update(resource, new)]


def _has_address(pod: Object) -> bool:
    return bool(pod.get("status", {}).get("podIP")) and not is_finished(pod)


def _ports(service: Object, pod: Object) -> tuple[Port, ...]:
    """The service's ports as this pod serves them; a name the pod lacks drops the port."""
    named = {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports", ())
        if "name" in port
    }
    found: list[Port] = []
    for port in service["spec"].get("ports", ()):
        target = port.get("targetPort", port["port"])
        number = named.get(target) if isinstance(target, str) else target
        if number is not None:
            found.append((port.get("name", ""), port.get("protocol", "TCP"), int(number)))
    return tuple(found)


def _slice(
    service: Object, name: str, ports: tuple[Port, ...], pods: Sequence[Object]
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": service["metadata"]["namespace"],
            "labels": {
                **service["metadata"].get("labels", {}),
                SERVICE_NAME: service["metadata"]["name"],
                MANAGED_BY: CONTROLLER,
            },
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(service, pod) for pod in pods],
        "ports": [
            {"name": name, "protocol": protocol, "port": number} for name, protocol, number in ports
        ],
    }


def _endpoint(service: Object, pod: Object) -> dict[str, Any]:
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": published or (is_ready(pod) and not is_ending(pod)),
            "serving": is_ready(pod),
            "terminating": is_ending(pod),
        },
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": _target(pod),
    }


def _legacy(service: Object, groups: dict[tuple[Port, ...], list[Object]]) -> dict[str, Any]:
    subsets = []
    for ports, pods in groups.items():
        ready = [_address(pod) for pod in pods if is_ready(pod) and not is_ending(pod)]
        unready = [_address(pod) for pod in pods if not is_ready(pod) and not is_ending(pod)]
        if ports and (ready or unready):
            subsets.append(
                {
                    **({"addresses": ready} if ready else {}),
                    **({"notReadyAddresses": unready} if unready else {}),
                    "ports": [
                        {**({"name": name} if name else {}), "port": number, "protocol": protocol}
                        for name, protocol, number in ports
                    ],
                }
            )
    metadata = service["metadata"]
    return {
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": dict(metadata.get("labels", {})),
            "ownerReferences": [owner_reference(service)],
        },
        **({"subsets": subsets} if subsets else {}),
    }


def _address(pod: Object) -> dict[str, Any]:
    return {
        "ip": pod["status"]["podIP"],
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": _target(pod),
    }


def _target(pod: Object) -> dict[str, Any]:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
