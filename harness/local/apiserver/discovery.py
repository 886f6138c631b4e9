"""What kinds are served: the aggregated and the legacy discovery documents. Pure.

The order of groups decides what an ambiguous name means: built-ins first, then Istio's, whose
``gateways`` are so those of ``kubectl get gateway``, and not the Gateway API's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, Final

from harness.local.apiserver.refused import REFUSED
from harness.local.store import ALL, Resource

VERSION: Final = "v1.37.1+local"
AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
VERBS: Final = (
    "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
)  # fmt: skip
GROUPS: Final = (
    "apps",
    "autoscaling",
    "batch",
    "discovery.k8s.io",
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "networking.k8s.io",
    "authorization.k8s.io",
    "authentication.k8s.io",
    "apiextensions.k8s.io",
    "coordination.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "certificates.k8s.io",
    "scheduling.k8s.io",
    "extensions.istio.io",
    "gateway.networking.k8s.io",
)  # fmt: skip
"""Every group but the core one, in the order advertised."""

_SUBRESOURCE_VERBS: Final = {
    "log": ("get",),
    "exec": ("create", "get"),
    "portforward": ("create", "get"),
}
_SUBRESOURCE_KINDS: Final = {
    "scale": ("autoscaling", "v1", "Scale"),
    "exec": ("", "v1", "PodExecOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
}


def _review(group: str, kind: str, plural: str) -> Resource:
    return Resource(group, ("v1",), plural, kind.lower(), kind, namespaced=False)


REVIEWS: Final = (
    _review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
    _review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
    _review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
)
"""Questions answered on the spot: create only, nothing is stored."""


def version_info() -> dict[str, str]:
    """``/version``. The platform is what Go would call this machine; nothing reads it."""
    major, minor = VERSION.removeprefix("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def members(group: str) -> list[Resource]:
    """Every advertised kind of a group."""
    return [each for each in (*ALL, *REFUSED, *REVIEWS) if each.group == group]


def versions(group: str) -> tuple[str, ...]:
    """Versions of a group, preferred first."""
    found = [version for resource in members(group) for version in resource.versions]
    return tuple(sorted(dict.fromkeys(found), key=_priority, reverse=True))


def _priority(version: str) -> tuple[bool, str, int, int]:
    """Stable over beta over alpha, then the higher number: ``v2``, ``v1``, ``v1beta1``.

    Source: k8s.io/apimachinery/pkg/version CompareKubeAwareVersionStrings.
    """
    major, stage, minor = re.findall(r"v(\d+)(alpha|beta)?(\d*)", version)[0]
    return not stage, stage, int(major), int(minor or 0)


def verbs(resource: Resource) -> tuple[str, ...]:
    """What discovery promises for a kind."""
    return ("create",) if resource in REVIEWS else VERBS


@functools.cache
def aggregated(core: bool) -> dict[str, Any]:
    """The APIGroupDiscoveryList of ``/api`` (core) or ``/apis``."""
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_group(group) for group in (("",) if core else GROUPS)],
    }


def _group(group: str) -> dict[str, Any]:
    return {
        "metadata": {"name": group, "creationTimestamp": None} if group else {},
        "versions": [
            {
                "version": version,
                "freshness": "Current",
                "resources": [
                    _aggregated(resource, version)
                    for resource in members(group)
                    if version in resource.versions
                ],
            }
            for version in versions(group)
        ],
    }


def _aggregated(resource: Resource, version: str) -> dict[str, Any]:
    kind = {"group": resource.group, "version": version, "kind": resource.kind}
    subresources = [
        {
            "subresource": name,
            "responseKind": _subresource_kind(resource, version, name),
            "verbs": list(_SUBRESOURCE_VERBS.get(name, ("get", "patch", "update"))),
        }
        for name in resource.subresources
    ]
    return {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(verbs(resource)),
        **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
        **({"categories": list(resource.categories)} if resource.categories else {}),
        **({"subresources": subresources} if subresources else {}),
    }


def _subresource_kind(resource: Resource, version: str, name: str) -> dict[str, str]:
    group, at, kind = _SUBRESOURCE_KINDS.get(name, (resource.group, version, resource.kind))
    return {"group": group, "version": at, "kind": kind}


def api_versions() -> dict[str, Any]:
    """Legacy ``/api``."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_group(group: str) -> dict[str, Any]:
    """Legacy ``/apis/GROUP``."""
    listed = [
        {"groupVersion": f"{group}/{version}", "version": version} for version in versions(group)
    ]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": group,
        "versions": listed,
        "preferredVersion": listed[0],
    }


def api_group_list() -> dict[str, Any]:
    """Legacy ``/apis``."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [api_group(group) for group in GROUPS],
    }


def resource_list(group: str, version: str) -> dict[str, Any]:
    """Legacy ``/api/v1`` and ``/apis/GROUP/VERSION``."""
    served = [each for each in members(group) if version in each.versions]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": list(_legacy(served, version)),
    }


def _legacy(served: Iterable[Resource], version: str) -> Iterable[dict[str, Any]]:
    for resource in served:
        yield {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(verbs(resource)),
            **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
            **({"categories": list(resource.categories)} if resource.categories else {}),
        }
        for name in resource.subresources:
            kind = _subresource_kind(resource, version, name)
            yield {
                "name": f"{resource.plural}/{name}",
                "singularName": "",
                "namespaced": resource.namespaced,
                **({"group": kind["group"], "version": kind["version"]} if name == "scale" else {}),
                "kind": kind["kind"],
                "verbs": list(_SUBRESOURCE_VERBS.get(name, ("get", "patch", "update"))),
            }
