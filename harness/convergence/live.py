"""The proof itself: read the objects back, read every proxy back, compare, until it agrees."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

from harness.convergence import dump
from harness.convergence.facts import compare
from harness.convergence.implied import implied
from harness.convergence.model import Proxy, Role, routing
from harness.convergence.registry import Registry, registry
from harness.errors import NotLive, StepFailed
from harness.model import ProxyProof, ProxySelector
from harness.waiting import CONVERGENCE, Pending, WaitTimeout, wait_until

PROXY_CONTAINER: Final = "istio-proxy"
ADMIN: Final = ("pilot-agent", "request", "GET")
ROUTES: Final = "config_dump?mask=dynamic_route_configs"
LISTENERS: Final = "config_dump?mask=dynamic_listeners"
CLUSTERS: Final = "clusters?format=json"
READ_BACK: Final = {
    Role.GATEWAY: (ROUTES, LISTENERS, CLUSTERS),
    Role.SIDECAR: (ROUTES, CLUSTERS),
}
"""What is asked of Envoy's admin interface. A whole configuration dump is four fifths bootstrap,
and takes Envoy ten times as long as these parts."""
ISTIO_API: Final = "networking.istio.io/v1alpha3"
KINDS: Final = {
    "services": ("v1", "services"),
    "slices": ("discovery.k8s.io/v1", "endpointslices"),
    "gateways": (ISTIO_API, "gateways"),
    "virtual_services": (ISTIO_API, "virtualservices"),
    "destination_rules": (ISTIO_API, "destinationrules"),
    "service_entries": (ISTIO_API, "serviceentries"),
}
"""What decides besides pods and the mesh configuration: argument of ``registry`` → kind."""
INTERVAL: Final = 0.005
"""Seconds between two rounds; a round itself takes tens of milliseconds."""
GAPS_SHOWN: Final = 3
THREADS: Final = 16

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

    Raises NotLive after ``seconds``, naming the proxies that do not and what they lack or still
    have, or the selector that finds no proxy.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        rounds = _Rounds(source, selectors, pool)
        try:
            wait_until("proof that the configuration is live", rounds.look, seconds, INTERVAL)
        except WaitTimeout as timeout:
            raise NotLive(
                f"not live after {seconds:g} s: {timeout.last}",
                "see whether the proxy took it: kubectl logs of its istio-proxy container, and "
                "the events of the objects applied",
            ) from timeout
        return rounds.proof()


class _Rounds:
    """Looks at everything not proven yet, until nothing is left."""

    def __init__(
        self, source: Source, selectors: Sequence[ProxySelector], pool: ThreadPoolExecutor
    ) -> None:
        self._source = source
        self._selectors = selectors
        self._pool = pool
        self._started = time.monotonic()
        self._registry: Registry | None = None
        self._proven: dict[str, ProxyProof] = {}

    def look(self) -> None:
        """One round; Pending says what is missing. Proxies answer while the objects are read."""
        pods = self._source.objects("v1", "pods")
        wanted = proxies(pods, self._selectors)
        answers = [
            (proxy, [self._pool.submit(self._ask, proxy, path) for path in READ_BACK[proxy.role]])
            for proxy in wanted
            if str(proxy) not in self._proven
        ]
        objects = self._read_objects(pods)
        if objects != self._registry:
            self._registry = objects
            self._proven.clear()
        gaps = [gap for proxy, parts in answers if (gap := self._compare(proxy, objects, parts))]
        if gaps:
            raise Pending(" | ".join(gaps))
        if len(self._proven) < len(wanted):
            raise Pending("the objects in the cluster changed meanwhile")

    def proof(self) -> Proof:
        """What was proven, and when the last of it was."""
        last = max(proof.seconds for proof in self._proven.values())
        return Proof(tuple(self._proven.values()), self._started + last)

    def _compare(self, proxy: Proxy, objects: Registry, parts: Sequence[Future[Json]]) -> str:
        """The gaps in words; a proxy without any is proven."""
        try:
            view = dump.parse(part.result() for part in parts)
        except StepFailed as failure:
            return f"{proxy}: {failure.reason}"
        facts = implied(objects, proxy)
        if missing := compare(facts, view):
            more = f" (and {len(missing) - GAPS_SHOWN} more)" if missing[GAPS_SHOWN:] else ""
            return f"{proxy}: {'; '.join(missing[:GAPS_SHOWN])}{more}"
        seconds = time.monotonic() - self._started
        self._proven[str(proxy)] = ProxyProof(
            str(proxy), len(facts), seconds, proxy.workload, routing(view)
        )
        return ""

    def _ask(self, proxy: Proxy, path: str) -> Json:
        """One part of what a proxy has."""
        command = (*ADMIN, path)
        answer = self._source.execute(proxy.namespace, proxy.pod, PROXY_CONTAINER, command)
        found: Json = json.loads(answer)
        return found

    def _read_objects(self, pods: Sequence[Json]) -> Registry:
        """All other objects that decide, read at once."""
        mesh = self._pool.submit(self._source.mesh_config)
        lists = {
            name: self._pool.submit(self._source.objects, *kind) for name, kind in KINDS.items()
        }
        found = {name: future.result() for name, future in lists.items()}
        return registry(pods=pods, mesh=mesh.result(), **found)


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
