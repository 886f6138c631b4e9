"""Reads the evidence from a cluster: the only part of the diagnosis that asks anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

import yaml

from harness.diagnosis.evidence import Evidence, since
from harness.errors import HarnessError

T = TypeVar("T")

ISTIO_API: Final = "networking.istio.io/v1alpha3"
KINDS: Final = {
    "gateways": (ISTIO_API, "Gateway"),
    "virtual_services": (ISTIO_API, "VirtualService"),
    "destination_rules": (ISTIO_API, "DestinationRule"),
    "service_entries": (ISTIO_API, "ServiceEntry"),
    "services": ("v1", "Service"),
    "slices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "pods": ("v1", "Pod"),
    "deployments": ("apps/v1", "Deployment"),
    "events": ("v1", "Event"),
}
"""Field of Evidence → API version and kind."""
PLURALS: Final = {"service_entries": "serviceentries", "slices": "endpointslices"}
"""Where the plural is not the field's name without underscores."""
PROXY: Final = "istio-proxy"
ADMIN: Final = ("pilot-agent", "request", "GET")
DUMPS: Final = ("config_dump?mask=dynamic_route_configs", "clusters?format=json")
"""Routes and clusters: what a diagnosis is read from. The whole dump is mostly bootstrap."""
THREADS: Final = 8
NOT_OURS: Final = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")

Json = dict[str, Any]


class Source(Protocol):
    """The cluster, as far as a diagnosis needs it."""

    def objects(self, api_version: str, plural: str, namespace: str = "") -> list[Json]:
        """All objects of a kind; of all namespaces if ``namespace`` is empty."""

    def mesh_config(self) -> str:
        """MeshConfig as YAML."""

    def log(self, namespace: str, pod: str, container: str) -> str:
        """All that a container has logged."""

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        """Standard output of a command in a container."""


def gather(source: Source, moment: str) -> Evidence:
    """The evidence as of now; logs from ``moment`` (ISO 8601, UTC) on.

    What cannot be read becomes a note: a diagnosis is wanted most when much is broken.
    """
    notes: list[str] = []

    def attempt(what: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except HarnessError as failure:
            notes.append(f"{what}: {failure.reason}")
            return otherwise

    def listed(field: str) -> tuple[Json, ...]:
        api_version, kind = KINDS[field]
        plural = PLURALS.get(field, field.replace("_", ""))
        nothing: list[Json] = []
        found = attempt(plural, lambda: source.objects(api_version, plural), nothing)
        return tuple({"kind": kind, **item} for item in found)

    with ThreadPoolExecutor(THREADS) as pool:
        objects = dict(zip(KINDS, pool.map(listed, KINDS), strict=True))
        mesh = attempt("mesh configuration", source.mesh_config, "")
        containers = [
            (pod["metadata"]["namespace"], pod["metadata"]["name"], container)
            for pod in objects["pods"]
            if pod["metadata"]["namespace"] not in NOT_OURS
            for container in _containers(pod)
        ]

        def logged(where: tuple[str, str, str]) -> str:
            return attempt(f"log of {'/'.join(where)}", lambda: source.log(*where), "")

        def dumped(where: tuple[str, str, str]) -> dict[str, str]:
            space, pod, container = where
            return {
                f"{space}/{pod}/{path}": text
                for path in DUMPS
                if (text := attempt(
                    f"{path} of {space}/{pod}",
                    lambda path=path: source.execute(  # type: ignore[misc]
                        space, pod, container, (*ADMIN, path)
                    ).decode(errors="replace"),
                    "",
                ))
            }  # fmt: skip

        proxies = [where for where in containers if where[2] == PROXY]
        logs = dict(
            zip(
                ("/".join(where) for where in containers), pool.map(logged, containers), strict=True
            )
        )
        dumps: dict[str, str] = {}
        for part in pool.map(dumped, proxies):
            dumps |= part
    return Evidence(
        **objects,
        outbound_policy=_policy(mesh),
        default_retries=_default_retries(mesh),
        access={
            f"{space}/{pod}": since(logs[f"{space}/{pod}/{PROXY}"], moment)
            for space, pod, _ in proxies
        },
        logs=logs,
        dumps=dumps,
        notes=tuple(notes),
    )


def _containers(pod: Mapping[str, Any]) -> list[str]:
    """Names of the containers that have started, which are those with a log."""
    status = pod.get("status", {})
    return [
        entry["name"]
        for field in ("initContainerStatuses", "containerStatuses")
        for entry in status.get(field) or ()
        if "running" in (entry.get("state") or {})
    ]


def _policy(mesh: str) -> str:
    settings = _settings(mesh)
    if settings is None:
        return "unreadable"
    return str((settings.get("outboundTrafficPolicy") or {}).get("mode", "ALLOW_ANY"))


def _default_retries(mesh: str) -> Json | None:
    return (_settings(mesh) or {}).get("defaultHttpRetryPolicy")


def _settings(mesh: str) -> dict[str, Any] | None:
    """MeshConfig; None if it cannot be read."""
    try:
        settings = yaml.safe_load(mesh) or {}
    except yaml.YAMLError:
        return None
    return settings if isinstance(settings, dict) else {}
