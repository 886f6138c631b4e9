"""Envoy resources ready to be sent: packed, and fingerprinted by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf import any_pb2
from google.protobuf.message import Message

from harness.local.pilot.translate.proto import pack


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One named resource. ``digest`` differs if the content does; ``message`` is for readers."""

    name: str
    digest: str
    packed: any_pb2.Any
    message: Message

    @classmethod
    def of(cls, name: str, content: Message) -> Resource:
        """Pack a message."""
        packed = pack(content)
        return cls(name, hashlib.sha256(packed.value).hexdigest()[:16], packed, content)


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything one proxy is to have, by type and name."""

    clusters: Mapping[str, Resource]
    endpoints: Mapping[str, Resource]
    listeners: Mapping[str, Resource]
    routes: Mapping[str, Resource]


def by_name(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Index by name; two of one name would be a fault of translation."""
    found: dict[str, Resource] = {}
    for resource in resources:
        if resource.name in found:
            raise ValueError(f"two resources named {resource.name!r}")
        found[resource.name] = resource
    return found
