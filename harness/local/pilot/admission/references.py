"""References that lead nowhere: not wrong, since what they name may come later, but said.

Wording follows Istio's analyzer message IST0101, ReferencedResourceNotFound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.local.pilot.ingest import istio
from harness.local.pilot.model import MESH, Destination, Snapshot, VirtualService
from harness.local.pilot.names import is_wildcard, most_specific
from harness.local.pilot.translate.index import Index
from harness.local.store import Object, Resource, kinds

ANSWERED: Final = "its share of the requests will be answered 503"
DROPPED: Final = "copies to it will be dropped"


def warnings(resource: Resource, obj: Object, snapshot: Snapshot) -> list[str]:
    """Everything the object names that the cluster does not have now."""
    with_namespace = {**obj, "metadata": {"name": "", **obj["metadata"]}}
    if resource is kinds.VIRTUAL_SERVICES:
        model = istio.virtual_service(with_namespace)
        return [
            *_gateways(model, snapshot),
            *_destinations(model, snapshot),
            *_unused_rules(model),
        ]
    if resource is kinds.DESTINATION_RULES:
        host = istio.destination_rule(with_namespace).host
        known = {service.host for service in snapshot.services}
        if not is_wildcard(host) and host not in known:
            return [f'spec.host: Referenced host not found: "{host}"']
    return []


def _gateways(model: VirtualService, snapshot: Snapshot) -> Iterator[str]:
    known = {gateway.key for gateway in snapshot.gateways}
    for index, gateway in enumerate(model.gateways):
        if gateway != MESH and gateway not in known:
            yield f'spec.gateways[{index}]: Referenced gateway not found: "{gateway}"'


def _destinations(model: VirtualService, snapshot: Snapshot) -> Iterator[str]:
    index = Index(snapshot, "")
    for number, rule in enumerate(model.http):
        for place, share in enumerate(rule.route):
            path = f"spec.http[{number}].route[{place}].destination"
            yield from _destination(path, share.destination, index, ANSWERED)
        for place, mirror in enumerate(rule.mirrors):
            path = f"spec.http[{number}].mirror"
            path += f"s[{place}].destination" if len(rule.mirrors) > 1 else ""
            yield from _destination(path, mirror.destination, index, DROPPED)


def _destination(
    path: str, destination: Destination, index: Index, consequence: str
) -> Iterator[str]:
    service = index.services.get(destination.host)
    if service is None:
        yield (f'{path}.host: Referenced host not found: "{destination.host}"; {consequence}')
        return
    if not destination.subset:
        return
    rules = (
        rule
        for rule in index.snapshot.destination_rules
        if most_specific(service.host, [rule.host]) is not None
    )
    if not any(subset.name == destination.subset for rule in rules for subset in rule.subsets):
        yield (
            f"{path}.subset: Referenced host+subset in destinationrule not found: "
            f'"{destination.host}+{destination.subset}"; {consequence}'
        )


def _unused_rules(model: VirtualService) -> Iterator[str]:
    for number, rule in enumerate(model.http[:-1]):
        if not rule.matches:
            yield (
                f"spec.http[{number + 1}]: virtualService rule not used "
                "(only the last rule can have no matches)"
            )
            return
