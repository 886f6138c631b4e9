"""The node agent: schedules pods to this node, runs them, and answers for them."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.local.contracts import ExecSession, LogOptions, NodeError, ProxyStates
from harness.local.events import NORMAL, WARNING, EventRecorder
from harness.local.node import proxy_commands
from harness.local.node.addresses import AddressBlock
from harness.local.node.blueprints import Surroundings, admin_socket
from harness.local.node.container import Container
from harness.local.node.machine import NODE, envoy_version, node_object
from harness.local.node.pod import PodWorker, is_proxy_blueprint
from harness.local.node.process import adopt_orphans
from harness.local.node.status import Waiting
from harness.local.options import ClusterConfig
from harness.local.store import Event, EventType, Expired, Object, Store, kinds
from harness.local.store.store import timestamp

BACKOFF_BASE: Final = 10.0
"""Seconds before the second restart, as kubelet's."""

PODS_FOLDER: Final = "p"
"""Below the cluster's directory; short, for Unix socket paths end at 108 bytes."""

log = logging.getLogger(__name__)

Key = tuple[str, str]  # namespace, name


class NodeAgent:
    """Implements ``harness.local.contracts.NodeAgent``.

    ``backoff_base`` (seconds) scales restart and image back-off; ``proxies`` says when a proxy
    has its configuration; ``ads_socket`` is where proxies get it.
    """

    def __init__(
        self,
        store: Store,
        config: ClusterConfig,
        proxies: ProxyStates,
        ads_socket: str,
        asked: subprocess.Popen[bytes] | None = None,
        *,
        backoff_base: float = BACKOFF_BASE,
    ) -> None:
        self._store = store
        self._config = config
        self._proxies = proxies
        self._ads_socket = ads_socket
        self._asked = asked
        self._base = backoff_base
        self._kubelet = EventRecorder(store, "kubelet", NODE)
        self._scheduler = EventRecorder(store, "default-scheduler")
        self._workers: dict[Key, PodWorker] = {}
        self._ending: set[PodWorker] = set()
        self._block: AddressBlock | None = None
        self._follow: asyncio.Task[None] | None = None
        self._envoy_version = ""

    @property
    def envoy_version(self) -> str:
        """Version of the Envoy binary, known once started."""
        return self._envoy_version

    async def start(self) -> None:
        """Check the machine, register the node and begin to run pods; NodeSetupError."""
        directory = Path(self._config.directory)
        self._envoy_version = await envoy_version(self._config.envoy, self._asked)
        self._block = AddressBlock.take(directory.parent, self._config.name)
        address, cidr = self._block.node_address, self._block.cidr
        adopt_orphans()
        # What a killed cluster of this directory has left.
        shutil.rmtree(directory / PODS_FOLDER, ignore_errors=True)
        now = timestamp(datetime.now(UTC))
        if self._store.find(kinds.NODES, "", NODE) is None:
            self._store.create(kinds.NODES, node_object(address, cidr, now))
        self._follow = asyncio.create_task(self._run(), name="node agent")

    async def stop(self) -> None:
        """Kill every process and wait until none is left."""
        if self._follow is not None:
            self._follow.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follow
        workers = {*self._workers.values(), *self._ending}
        await asyncio.gather(*(worker.kill() for worker in workers))
        self._workers.clear()
        if self._block is not None:
            self._block.close()
            self._block = None

    # --- asked by the API server -------------------------------------------------------------

    async def logs(
        self, namespace: str, pod: str, container: str, options: LogOptions
    ) -> AsyncIterator[bytes]:
        """The container's log; NodeError if there is none."""
        found = self._container(namespace, pod, container)
        lines = found.previous_log if options.previous else found.log
        if lines is None and options.previous:
            raise NodeError(f'previous terminated container "{container}" in pod "{pod}" not found')
        if lines is None:
            state = found.view.state
            why = state.reason if isinstance(state, Waiting) else "ContainerCreating"
            raise NodeError(f'container "{container}" in pod "{pod}" is waiting to start: {why}')
        async for chunk in lines.read(options):
            yield chunk

    async def execute(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool,
        tty: bool,
    ) -> ExecSession:
        """Run a command in the container's environment; calls of Envoy's admin are answered."""
        found = self._container(namespace, pod, container)
        call = proxy_commands.understand(command) if is_proxy_blueprint(found) else None
        if call and found.running:
            folder = self._workers[namespace, pod].around.folder
            return await proxy_commands.answer(call, admin_socket(folder))
        return found.execute(command, stdin=stdin, tty=tty)

    async def dial(
        self, namespace: str, pod: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the pod's port; Envoy's admin port leads to its Unix socket."""
        worker = self._worker(namespace, pod)
        try:
            if port == proxy_commands.ADMIN_PORT and any(
                map(is_proxy_blueprint, worker.containers)
            ):
                return await asyncio.open_unix_connection(admin_socket(worker.around.folder))
            return await asyncio.open_connection(worker.around.ip, port)
        except OSError as error:
            raise NodeError(
                f"failed to connect to port {port} of pod {pod} ({worker.around.ip}): "
                f"{error.strerror or error}",
                500,
                "InternalError",
            ) from error

    def _worker(self, namespace: str, pod: str) -> PodWorker:
        worker = self._workers.get((namespace, pod))
        if worker is not None:
            return worker
        if self._store.find(kinds.PODS, namespace, pod) is None:
            raise NodeError(f'pods "{pod}" not found', 404, "NotFound")
        raise NodeError(f"pod {pod} does not have a host assigned")

    def _container(self, namespace: str, pod: str, name: str) -> Container:
        container = self._worker(namespace, pod).container(name)
        if container is None:
            raise NodeError(f"container {name} is not valid for pod {pod}")
        return container

    # --- following the store -----------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            with self._store.watch(kinds.PODS) as watch:
                for pod in self._store.list(kinds.PODS):
                    self._see(pod)
                with contextlib.suppress(Expired):
                    while True:
                        for event in await watch.wait():
                            self._take(event)

    def _take(self, event: Event) -> None:
        metadata = event.object["metadata"]
        if event.type is EventType.DELETED:
            worker = self._workers.get((metadata["namespace"], metadata["name"]))
            if worker is not None and worker.uid == metadata["uid"]:
                self._part(worker)
                worker.end(0)
            return
        current = self._store.find(kinds.PODS, metadata["namespace"], metadata["name"])
        if current is not None and current["metadata"]["uid"] == metadata["uid"]:
            self._see(current)

    def _see(self, pod: Object) -> None:
        """Bring the pod one step on; one pod must not take the others' agent down."""
        try:
            self._bring_on(pod)
        except Exception:
            metadata = pod["metadata"]
            log.exception("pod %s/%s cannot be run", metadata["namespace"], metadata["name"])
            message = "the node agent failed on this pod; the cluster's log has the reason"
            self._kubelet.record(pod, WARNING, "FailedCreatePodContainer", message)

    def _bring_on(self, pod: Object) -> None:
        """Schedule it, run it, or end it."""
        metadata, node = pod["metadata"], pod["spec"].get("nodeName")
        key = (metadata["namespace"], metadata["name"])
        worker = self._workers.get(key)
        ending = "deletionTimestamp" in metadata
        if ending and worker is not None:
            worker.end(float(metadata.get("deletionGracePeriodSeconds", 0)))
        elif ending and node == NODE and not metadata.get("finalizers"):
            self._store.purge(kinds.PODS, *key)
        elif not ending and not node:
            self._schedule(pod)
        elif not ending and node == NODE and worker is None:
            self._workers[key] = self._work(pod)

    def _schedule(self, pod: Object) -> None:
        bound: dict[str, Any] = copy.deepcopy(dict(pod))
        bound["spec"]["nodeName"] = NODE
        self._store.update(kinds.PODS, bound)
        metadata = pod["metadata"]
        message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {NODE}"
        self._scheduler.record(pod, NORMAL, "Scheduled", message)

    def _work(self, pod: Object) -> PodWorker:
        assert self._block is not None
        namespace = pod["metadata"]["namespace"]
        ip = self._block.assign()
        around = Surroundings(
            # The address names the folder.
            folder=Path(self._config.directory) / PODS_FOLDER / ".".join(ip.split(".")[2:]),
            ip=ip,
            host_ip=self._block.node_address,
            services_folder=Path(self._config.services),
            envoy=self._config.envoy,
            ads_socket=self._ads_socket,
            states=self._proxies,
            services=lambda: self._store.list(kinds.SERVICES, namespace),
            lookup=lambda kind, name: self._store.find(kind, namespace, name),
        )
        return PodWorker(
            self._store,
            self._kubelet,
            pod,
            around,
            backoff_base=self._base,
            gone=self._forget,
        )

    def _part(self, worker: PodWorker) -> None:
        """The pod's name is free while what is left of it still ends."""
        metadata = worker.pod["metadata"]
        key = (metadata["namespace"], metadata["name"])
        if self._workers.get(key) is worker:
            del self._workers[key]
        self._ending.add(worker)

    def _forget(self, worker: PodWorker) -> None:
        self._part(worker)
        self._ending.discard(worker)
        if self._block is not None:
            self._block.release(worker.around.ip)
