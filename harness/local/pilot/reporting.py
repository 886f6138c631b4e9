"""Proxies' answers as Kubernetes Events on the Istio objects they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from envoy.config.route.v3 import route_pb2
from google.protobuf.message import Message

from harness.local.contracts import ProxyIdentity
from harness.local.events import NORMAL, WARNING, EventRecorder
from harness.local.pilot.ads.session import Answer, Verdict
from harness.local.pilot.translate import Resource
from harness.local.store import Object, Store, kinds

REJECTED: Final = "Rejected"
ACCEPTED: Final = "Accepted"
_KINDS: Final = {
    "gateway": kinds.GATEWAYS,
    "virtual-service": kinds.VIRTUAL_SERVICES,
    "destination-rule": kinds.DESTINATION_RULES,
    "service-entry": kinds.SERVICE_ENTRIES,
}


def report(store: Store, events: EventRecorder, proxy: ProxyIdentity, answer: Answer) -> None:
    """Write an event per object concerned: what a proxy rejected, or accepted."""
    who = f"{proxy.pod}.{proxy.namespace}"
    if answer.verdict is Verdict.REJECTED:
        names = ", ".join(resource.name for resource in answer.resources)
        text = f"Envoy {who} rejected {names} and keeps what it had before: {answer.message}"
        for obj in concerned(store, answer):
            events.record(obj, WARNING, REJECTED, text)
        return
    changed = _origins(_changed_parts(answer.resources, answer.before))
    cleared = _origins(resource.message for resource in answer.cleared)
    for path in dict.fromkeys((*changed, *cleared)):
        if (found := _find(store, path)) is not None:
            events.record(found, NORMAL, ACCEPTED, f"Envoy {who} accepted it")


def concerned(store: Store, answer: Answer) -> list[Object]:
    """The objects a rejection is about, as closely as Envoy's words and the changes tell.

    First those whose hosts Envoy quotes; else those that changed what the proxy had; else all
    that took part.
    """
    messages = [resource.message for resource in answer.resources]
    quoted = _origins(part for part in _parts(messages) if _is_quoted(part, answer.message))
    changed = _origins(_changed_parts(answer.resources, answer.before))
    for paths in (quoted, changed, _origins(messages)):
        found = [obj for path in paths if (obj := _find(store, path)) is not None]
        if found:
            return found
    return []


def _parts(messages: Iterable[Message]) -> Iterable[Message]:
    """Virtual hosts of route configurations; other resources are their own only part."""
    for content in messages:
        if isinstance(content, route_pb2.RouteConfiguration):
            yield from content.virtual_hosts
        else:
            yield content


def _is_quoted(part: Any, words: str) -> bool:
    names = [part.name, *getattr(part, "domains", ())]
    return any(name != "*" and name in words for name in names)


def _changed_parts(
    resources: Iterable[Resource], before: Mapping[str, Resource]
) -> Iterable[Message]:
    for resource in resources:
        old = before.get(resource.name)
        had = {
            part.SerializeToString(deterministic=True)
            for part in (_parts([old.message]) if old else ())
        }
        for part in _parts([resource.message]):
            if part.SerializeToString(deterministic=True) not in had:
                yield part


def _origins(parts: Iterable[Any]) -> list[str]:
    """Paths of Istio objects in the parts' metadata, or in that of the routes inside."""
    paths: dict[str, None] = {}
    for part in parts:
        carriers = [part] if hasattr(part, "metadata") else []
        for host in getattr(part, "virtual_hosts", ()):
            carriers.extend(host.routes)
        carriers.extend(getattr(part, "routes", ()))
        for carrier in carriers:
            about = carrier.metadata.filter_metadata
            if "istio" in about and "config" in about["istio"].fields:
                paths.setdefault(about["istio"].fields["config"].string_value)
    return list(paths)


def _find(store: Store, path: str) -> Object | None:
    """The object of ``/apis/networking.istio.io/v1alpha3/namespaces/NS/KIND/NAME``."""
    *_, namespace, kind, name = path.split("/")
    return store.find(_KINDS[kind], namespace, name)
