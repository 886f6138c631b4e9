"""One proxy's stream as a state machine: requests in, the responses now due out. No I/O.

Rules kept here:
- only what changed is sent; clusters and listeners always as whole sets, as the protocol asks;
- clusters that are going stay until the routes that may point at them are replaced and
  acknowledged;
- a changed cluster gets its endpoints again: Envoy warms it anew and would wait for them;
- what was rejected is not sent again until it changes.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from envoy.service.discovery.v3 import discovery_pb2

from harness.local.pilot.ads.kinds import Kind
from harness.local.pilot.translate import Resource, Resources

NOTHING = Resources({}, {}, {}, {})


class Verdict(StrEnum):
    """What a proxy said to a response."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Answer:
    """A proxy's answer. ``resources`` are those of the response; ``before`` what it had of them.

    ``cleared`` says that with this acceptance earlier rejected resources are accepted.
    """

    kind: Kind
    verdict: Verdict
    resources: tuple[Resource, ...]
    before: Mapping[str, Resource]
    message: str = ""
    cleared: tuple[Resource, ...] = ()


@dataclass(slots=True)
class _Stand:
    """How far one type is."""

    subscribed: bool = False
    names: frozenset[str] = frozenset()
    has_responded: bool = False
    pending: dict[str, dict[str, Resource]] = field(default_factory=dict)
    """Responses not answered yet: nonce → resources. Envoy answers each, in order."""
    sent: dict[str, Resource] = field(default_factory=dict)
    accepted: dict[str, Resource] = field(default_factory=dict)
    rejected: dict[str, tuple[Resource, str]] = field(default_factory=dict)


class Session:
    """What one proxy asked for, was sent and answered, since it connected."""

    def __init__(self) -> None:
        self._stands = {kind: _Stand() for kind in Kind}
        self._desired = NOTHING
        self._nonces = itertools.count(1)

    # --- what is wanted, and how far it is ---------------------------------------------------

    def want(self, resources: Resources) -> None:
        """Set what the proxy is to have from now on."""
        self._desired = resources
        for kind, stand in self._stands.items():
            wanted = kind.of(resources)
            stand.rejected = {
                name: rejected for name, rejected in stand.rejected.items() if name in wanted
            }

    @property
    def rejection(self) -> str:
        """The words of the latest rejection that still stands; or empty."""
        words = [
            message for stand in self._stands.values() for _, message in stand.rejected.values()
        ]
        return words[-1] if words else ""

    @property
    def in_sync(self) -> bool:
        """Every resource wanted is acknowledged as it is now."""
        return all(self._is_settled(kind) for kind in Kind)

    def _is_settled(self, kind: Kind) -> bool:
        stand = self._stands[kind]
        wanted = kind.of(self._desired)
        if not stand.subscribed:
            return not wanted
        if stand.pending:
            return False
        return {name: r.digest for name, r in wanted.items()} == {
            name: r.digest for name, r in stand.accepted.items() if kind.is_whole or name in wanted
        }

    # --- requests ----------------------------------------------------------------------------

    def receive(self, request: discovery_pb2.DiscoveryRequest) -> Answer | None:
        """Take in a request; returns the proxy's answer if it is one. ValueError: unknown type."""
        kind = Kind(request.type_url)
        stand = self._stands[kind]
        answer = self._answer(kind, stand, request)
        names = frozenset(request.resource_names)
        for name in names ^ stand.names:  # newly wanted: send; no longer wanted: forget
            stand.sent.pop(name, None)
            if not kind.is_whole:
                stand.accepted.pop(name, None)
        stand.subscribed = True
        stand.names = names
        return answer

    def _answer(
        self, kind: Kind, stand: _Stand, request: discovery_pb2.DiscoveryRequest
    ) -> Answer | None:
        pending = stand.pending.pop(request.response_nonce, None)
        if pending is None:
            return None  # no nonce, or one answered before: only the subscription is news
        before = {name: r for name in pending if (r := stand.accepted.get(name)) is not None}
        changed = tuple(
            resource
            for name, resource in pending.items()
            if name not in before or before[name].digest != resource.digest
        )
        if request.HasField("error_detail"):
            message = request.error_detail.message
            for resource in changed:
                stand.rejected[resource.name] = (resource, message)
            return Answer(kind, Verdict.REJECTED, changed, before, message)
        cleared = tuple(pending[name] for name in stand.rejected if name in pending)
        for name in pending:
            stand.rejected.pop(name, None)
        if kind.is_whole:
            stand.accepted = dict(pending)
        else:
            stand.accepted.update(pending)
        return Answer(kind, Verdict.ACCEPTED, changed, before, cleared=cleared)

    # --- responses ---------------------------------------------------------------------------

    def due(self) -> list[discovery_pb2.DiscoveryResponse]:
        """The responses to send now, in order. Calling it again without news gives none."""
        responses = []
        renewed: set[str] = set()
        for kind in Kind:
            stand = self._stands[kind]
            if not stand.subscribed:
                continue
            if kind is Kind.CLUSTER:
                content = self._clusters_to_have()
                renewed = _changed(content, stand.sent)
            else:
                content = dict(kind.of(self._desired))
            if kind is Kind.ENDPOINT:
                # Endpoints of clusters just sent go along, before Envoy asks for them, so that
                # the clusters are ready when the routes that follow arrive.
                content = {n: r for n, r in content.items() if n in stand.names | renewed}
            elif kind is Kind.ROUTE:
                content = {n: r for n, r in content.items() if n in stand.names}
            response = self._response(kind, stand, content, renewed)
            if response is not None:
                responses.append(response)
        return responses

    def _clusters_to_have(self) -> dict[str, Resource]:
        wanted = dict(self._desired.clusters)
        if self._is_settled(Kind.LISTENER) and self._is_settled(Kind.ROUTE):
            return wanted
        return {**self._stands[Kind.CLUSTER].sent, **wanted}

    def _response(
        self, kind: Kind, stand: _Stand, content: dict[str, Resource], renewed: set[str]
    ) -> discovery_pb2.DiscoveryResponse | None:
        changed = _changed(content, stand.sent)
        if kind is Kind.ENDPOINT:
            changed |= renewed & content.keys()
        if kind.is_whole:
            if stand.has_responded and not changed and content.keys() == stand.sent.keys():
                return None
            chosen = content
            stand.sent = dict(content)
        else:
            if not changed:
                return None
            chosen = {name: content[name] for name in sorted(changed)}
            stand.sent.update(chosen)
        stand.has_responded = True
        nonce = str(next(self._nonces))
        stand.pending[nonce] = dict(chosen)
        return discovery_pb2.DiscoveryResponse(
            version_info=_version(kind.of(self._desired)),
            type_url=kind.value,
            nonce=nonce,
            resources=[resource.packed for resource in chosen.values()],
        )


def _changed(content: Mapping[str, Resource], sent: Mapping[str, Resource]) -> set[str]:
    return {
        name
        for name, resource in content.items()
        if name not in sent or sent[name].digest != resource.digest
    }


def _version(resources: Mapping[str, Resource]) -> str:
    """A fingerprint of the whole set: the same content has the same version."""
    content = "\n".join(f"{name} {resources[name].digest}" for name in sorted(resources))
    return hashlib.sha256(content.encode()).hexdigest()[:16]
