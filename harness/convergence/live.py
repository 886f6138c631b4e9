"""The proof itself: read the objects back, read every proxy back, compare, until it agrees."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

from harness.convergence import dump
from harness.convergence.facts import compare
from harness.convergence.implied import implied
from harness.convergence.model import Proxy, Role
from harness.convergence.registry import Registry, registry
from harness.errors import NotLive
from harness.model import ProxyProof, ProxySelector
from harness.waiting import CONVERGENCE, Pending, WaitTimeout, wait_until

PROXY_CONTAINER: Final = "istio-proxy"
READ_BACK: Final = ("pilot-agent", "request", "GET", "config_dump?include_eds")
ISTIO_API: Final = "networking.istio.io/v1alpha3"
INTERVAL: Final = 0.005
"""Seconds between two rounds; a round itself takes tens of milliseconds."""
GAPS_SHOWN: Final = 3
THREADS: Final = 12

Json = dict[str, Any]


class Source(Protocol):
    """The cluster, as far as a proof needs it."""

    def objects(self, api_version: str, plural: str, namespace: str = "") -> list[Json]:
        """All objects of a kind; of all namespaces if ``namespace`` is empty."""

    def mesh_config(self) -> str:
        """MeshConfig as YAML."""

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        """Standard output of a command in a container."""


@dataclass(frozen=True, slots=True)
class Proof:
    """All proxies carry what is implied; ``proven_at`` is a time.monotonic reading."""

    proxies: tuple[ProxyProof, ...]
    proven_at: float


def prove(
    source: Source, selectors: Sequence[ProxySelector], seconds: float = CONVERGENCE
) -> Proof:
    """Wait until every proxy selected carries what the objects in the cluster imply.

    Raises NotLive after ``seconds``, naming the first such proxy and what it lacks or still has,
    or when a selector finds no proxy.
    """
    started = time.monotonic()
    proven: dict[str, ProxyProof] = {}
    known: list[Registry] = []
    with ThreadPoolExecutor(THREADS) as pool:

        def look() -> None:
            objects, pods = _read(source, pool)
            if known != [objects]:
                proven.clear()
                known[:] = [objects]
            unproven = [p for p in proxies(pods, selectors) if str(p) not in proven]
            looks = pool.map(lambda proxy: _look(source, proxy, objects, started), unproven)
            gaps: list[str] = []
            for proxy, (proof, missing) in zip(unproven, looks, strict=True):
                if missing:
                    gaps.append(_words(proxy, missing))
                else:
                    proven[str(proxy)] = proof
            if gaps:
                raise Pending(" | ".join(gaps))

        try:
            wait_until("proof that the configuration is live", look, seconds, INTERVAL)
        except WaitTimeout as timeout:
            raise NotLive(
                f"not live after {seconds:g} s: {timeout.last}",
                "see whether the proxy took it: kubectl logs of its istio-proxy container, and "
                "the events of the objects applied",
            ) from timeout
    last = max((proof.seconds for proof in proven.values()), default=0.0)
    return Proof(tuple(proven.values()), started + last)


def proxies(pods: Iterable[Mapping[str, Any]], selectors: Sequence[ProxySelector]) -> list[Proxy]:
    """The proxies selected, each once. Pending if a selector finds none."""
    found: dict[str, Proxy] = {}
    for selector in selectors:
        chosen = [pod for pod in pods if _is_selected(pod, selector)]
        if not chosen:
            raise Pending(f"no proxy found: {selector.title}")
        for proxy in map(_proxy, chosen):
            found.setdefault(str(proxy), proxy)
    return list(found.values())


def _is_selected(pod: Mapping[str, Any], selector: ProxySelector) -> bool:
    metadata = pod["metadata"]
    return (
        metadata["namespace"] == selector.namespace
        and dict(selector.labels).items() <= metadata.get("labels", {}).items()
        and "deletionTimestamp" not in metadata
        and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        and PROXY_CONTAINER in [container["name"] for container in _containers(pod)]
    )


def _containers(pod: Mapping[str, Any]) -> list[Json]:
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def _proxy(pod: Mapping[str, Any]) -> Proxy:
    """A gateway's pod has no container but the proxy."""
    metadata = pod["metadata"]
    alone = [container["name"] for container in pod["spec"]["containers"]] == [PROXY_CONTAINER]
    return Proxy(
        metadata["namespace"],
        metadata["name"],
        Role.GATEWAY if alone else Role.SIDECAR,
        metadata.get("labels", {}),
        {
            port["name"]: port["containerPort"]
            for container in _containers(pod)
            for port in container.get("ports", ())
            if "name" in port
        },
    )


def _read(source: Source, pool: ThreadPoolExecutor) -> tuple[Registry, list[Json]]:
    """All objects that decide, read at once."""
    kinds = {
        "pods": ("v1", "pods"),
        "services": ("v1", "services"),
        "slices": ("discovery.k8s.io/v1", "endpointslices"),
        "gateways": (ISTIO_API, "gateways"),
        "virtual_services": (ISTIO_API, "virtualservices"),
        "destination_rules": (ISTIO_API, "destinationrules"),
        "service_entries": (ISTIO_API, "serviceentries"),
    }
    mesh = pool.submit(source.mesh_config)
    lists = {name: pool.submit(source.objects, *kind) for name, kind in kinds.items()}
    found = {name: future.result() for name, future in lists.items()}
    return registry(**found, mesh=mesh.result()), found["pods"]


def _look(
    source: Source, proxy: Proxy, objects: Registry, started: float
) -> tuple[ProxyProof, tuple[str, ...]]:
    facts = implied(objects, proxy)
    answer = source.execute(proxy.namespace, proxy.pod, PROXY_CONTAINER, READ_BACK)
    missing = compare(facts, dump.parse(json.loads(answer)))
    return ProxyProof(str(proxy), len(facts), time.monotonic() - started), missing


def _words(proxy: Proxy, missing: tuple[str, ...]) -> str:
    more = f" (and {len(missing) - GAPS_SHOWN} more)" if len(missing) > GAPS_SHOWN else ""
    return f"{proxy}: {'; '.join(missing[:GAPS_SHOWN])}{more}"
