"""URL paths to what they name. Pure.

Grammar: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.local.apiserver.refused import REFUSED
from harness.local.apiserver.statuses import unknown_path
from harness.local.store import ALL, Resource


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. ``namespace`` is None for cluster-scoped kinds and for all namespaces."""

    resource: Resource
    version: str
    namespace: str | None
    name: str | None = None
    subresource: str | None = None
    served: bool = True

    @property
    def api_version(self) -> str:
        """``apiVersion`` the client speaks."""
        return self.resource.api_version(self.version)


_BY_PATH: Final = {
    (resource.group, version, resource.plural): resource
    for resource in (*ALL, *REFUSED)
    for version in resource.versions
}
_SERVED: Final = frozenset(ALL)


def find(path: str) -> Target:
    """The target of ``/api/v1/…`` or ``/apis/GROUP/VERSION/…``; Refusal 404 if there is none."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        return _find("", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) >= 4:
        return _find(parts[1], parts[2], parts[3:])
    raise unknown_path()


def _find(group: str, version: str, rest: Sequence[str]) -> Target:
    namespace: str | None = None
    # /namespaces/NAME/SUBRESOURCE is a namespace's own; any other third word is a kind.
    inside = len(rest) >= 3 and rest[0] == "namespaces"
    if inside and not (group == "" and len(rest) == 3 and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    resource = _BY_PATH.get((group, version, rest[0]))
    if resource is None or len(rest) > 3 or not all(rest):
        raise unknown_path()
    name = rest[1] if len(rest) > 1 else None
    subresource = rest[2] if len(rest) > 2 else None
    served = resource in _SERVED
    if resource.namespaced == (namespace is None) and (name or not resource.namespaced):
        raise unknown_path()
    if namespace == "" or (subresource and subresource not in resource.subresources and served):
        raise unknown_path()
    return Target(resource, version, namespace, name, subresource, served)
