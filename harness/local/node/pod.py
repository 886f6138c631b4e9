"""One pod on the node: its folder, address and containers, from start to removal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from harness.local.events import EventRecorder
from harness.local.node.blueprints import (
    Surroundings,
    app_blueprint,
    is_proxy,
    proxy_blueprint,
)
from harness.local.node.container import Blueprint, Container
from harness.local.node.execution import start_session
from harness.local.node.status import ContainerView, Waiting, pod_status
from harness.local.store import Object, Store, kinds
from harness.local.store.store import timestamp

log = logging.getLogger(__name__)

DRAIN: Final = 0.15
"""Seconds an ending pod still serves, so that every proxy has dropped its endpoint (a push
reaches six proxies in 7 ms) before the application is told to stop."""
PROXY_GRACE: Final = 1.0
"""Seconds for Envoy to end after the applications have."""
CREATING: Final = "ContainerCreating"
LONGEST_GRACE: Final = 8.0
"""Seconds; what a pod asks for is cut to this, so that nobody waits long for a deletion."""


class PodWorker:
    """Runs one pod. ``gone`` is called when nothing of it is left."""

    def __init__(
        self,
        store: Store,
        recorder: EventRecorder,
        pod: Object,
        around: Surroundings,
        *,
        backoff_base: float,
        gone: Callable[[PodWorker], None],
    ) -> None:
        self.pod = pod
        self.around = around
        self._store = store
        self._recorder = recorder
        self._gone = gone
        self._base = backoff_base
        self._began = timestamp(datetime.now(UTC))
        self._ended = False
        around.folder.mkdir(mode=0o700, parents=True)
        spec = pod["spec"]
        policy = spec.get("restartPolicy", "Always")
        again = "Never" if policy == "Never" else "OnFailure"
        self.init = [
            self._container(c, again, "initContainers") for c in spec.get("initContainers", ())
        ]
        self.containers = [self._container(c, policy, "containers") for c in spec["containers"]]
        self._life = self._task(self._live())
        self._end: asyncio.Task[None] | None = None

    @property
    def uid(self) -> str:
        """The pod's uid: a new pod of the same name is another."""
        return str(self.pod["metadata"]["uid"])

    def container(self, name: str) -> Container | None:
        """A container by name, init containers too."""
        return next((c for c in (*self.containers, *self.init) if c.name == name), None)

    def end(self, grace: float) -> None:
        """Stop in order and remove the pod from the store; returns at once."""
        if self._end is None:
            self._end = self._task(self._stop(min(grace, LONGEST_GRACE)))

    async def kill(self) -> None:
        """End every process now and wait for it; the store is left alone."""
        self._ended = True
        for container in (*self.init, *self.containers):
            container.kill()
        await self._life
        if self._end is not None:
            await self._end
        self._clean()

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        def report(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                log.error("pod %s/%s", *self._key, exc_info=error)

        task = asyncio.create_task(work, name=f"pod {self._key[1]}")
        task.add_done_callback(report)
        return task

    async def _live(self) -> None:
        self._publish()
        for container in self.init:
            await container.run()
            if not _succeeded(container.view):
                return
        await asyncio.gather(*(container.run() for container in self.containers))

    async def _stop(self, grace: float) -> None:
        """Applications first, their Envoy after them; then the pod is no more."""
        apps = [c for c in (*self.init, *self.containers) if not is_proxy_blueprint(c)]
        proxies = [c for c in self.containers if is_proxy_blueprint(c)]
        if grace > 0 and any(container.running for container in self.containers):
            await _timer(DRAIN)
        await asyncio.gather(*(container.stop(grace) for container in apps))
        await asyncio.gather(*(container.stop(min(grace, PROXY_GRACE)) for container in proxies))
        await self._life
        if not self._ended:
            self._ended = True
            self._clean()
            found = self._store.find(kinds.PODS, *self._key)
            if found is not None and found["metadata"]["uid"] == self.uid:
                self._store.purge(kinds.PODS, *self._key)
            self._gone(self)

    def _clean(self) -> None:
        shutil.rmtree(self.around.folder, ignore_errors=True)

    @property
    def _key(self) -> tuple[str, str]:
        metadata = self.pod["metadata"]
        return metadata["namespace"], metadata["name"]

    def _container(self, spec: Object, policy: str, field: str) -> Container:
        def tell(name: str, kind: str, reason: str, message: str) -> None:
            path = f"spec.{field}{{{name}}}"
            self._recorder.record(self.pod, kind, reason, message, path)

        return Container(
            self._blueprint(spec),
            self.around.folder,
            restart_policy=policy,
            backoff_base=self._base,
            waiting="PodInitializing" if self.pod["spec"].get("initContainers") else CREATING,
            changed=self._publish,
            tell=tell,
        )

    def _blueprint(self, spec: Object) -> Blueprint:
        if is_proxy(spec):
            return proxy_blueprint(self.pod, spec, self.around)

        async def run(command: list[str]) -> tuple[int, str]:
            return await self._run(spec["name"], command)

        return app_blueprint(self.pod, spec, self.around, run)

    async def _run(self, name: str, command: list[str]) -> tuple[int, str]:
        """A command for an exec probe: exit code and output."""
        container = self.container(name)
        if container is None or container.launched is None:
            return 1, "container is not running"
        session = start_session(container.launched, command, stdin=False, tty=False)
        try:
            output = [data async for _, data in session.output()]
            return await session.exit_code(), b"".join(output).decode(errors="replace")
        finally:
            await session.kill()

    def _publish(self) -> None:
        """Write the status; a pod deleted under us is the agent's to notice."""
        found = self._store.find(kinds.PODS, *self._key)
        if self._ended or found is None or found["metadata"]["uid"] != self.uid:
            return
        status = pod_status(
            found,
            [container.view for container in self.containers],
            [container.view for container in self.init],
            addresses={"podIP": self.around.ip, "hostIP": self.around.host_ip},
            started=self._began,
            now=timestamp(datetime.now(UTC)),
        )
        self._store.update_status(kinds.PODS, {**found, "status": status})


def is_proxy_blueprint(container: Container) -> bool:
    """The container is an Envoy."""
    return is_proxy({"image": container.blueprint.image})


def _succeeded(view: ContainerView) -> bool:
    return (
        view.final and not isinstance(view.state, Waiting) and getattr(view.state, "code", 1) == 0
    )


async def _timer(seconds: float) -> None:
    """A real timer: drain time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
