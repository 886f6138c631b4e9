"""One container of a pod over its whole life: start, probes, end, restart with back-off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.local.contracts import NodeError
from harness.local.events import NORMAL, WARNING
from harness.local.node import probes
from harness.local.node.errors import CannotStart
from harness.local.node.execution import ProcessSession, start_session
from harness.local.node.logs import ContainerLog
from harness.local.node.probes import Check, Timing
from harness.local.node.process import Launch, Process
from harness.local.node.status import ContainerView, Running, State, Terminated, Waiting
from harness.local.store.store import timestamp

LONGEST_BACKOFF: Final = 30
"""Times the base: 10 s, 20 s, … up to five minutes, as kubelet's MaxContainerBackOff."""
UNHEALTHY_GRACE: Final = 2.0
"""Seconds a container that failed its liveness probe may take to end."""
LAST_WORDS: Final = 5
"""Log lines in the message of a container that failed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A check and when to make it. ``fast``: often, until it has succeeded once."""

    kind: str
    check: Check
    timing: Timing


@dataclass(frozen=True, slots=True)
class Blueprint:
    """How to run a container. ``launch`` is asked at every start; it may raise CannotStart."""

    name: str
    image: str
    launch: Callable[[], Launch]
    probes: Mapping[str, Probe] = field(default_factory=dict)
    """By kind: readiness, liveness, startup."""


Tell = Callable[[str, str, str, str], None]
"""Record an event: container name, type, reason, message."""


class Container:
    """Runs a blueprint. ``changed`` is called after every change of ``view``.

    ``waiting`` is why it does not run before its first start, in kubelet's words.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        folder: Path,
        *,
        restart_policy: str,
        backoff_base: float,
        waiting: str,
        changed: Callable[[], None],
        tell: Tell,
    ) -> None:
        self.blueprint = blueprint
        self.launched: Launch | None = None
        self.log: ContainerLog | None = None
        self.previous_log: ContainerLog | None = None
        self._folder = folder
        self._policy = restart_policy
        self._base = backoff_base
        self._changed = changed
        self._report = tell
        self._state: State = Waiting(waiting)
        self._last: Terminated | None = None
        self._ready = False
        self._started = False
        self._restarts = 0
        self._final = False
        self._process: Process | None = None
        self._sessions: set[ProcessSession] = set()
        self._stopping = asyncio.Event()

    @property
    def name(self) -> str:
        """The container's name in its pod."""
        return self.blueprint.name

    @property
    def running(self) -> bool:
        """Its process runs."""
        return self._process is not None and self._process.running

    @property
    def view(self) -> ContainerView:
        """What the pod's status says of it."""
        return ContainerView(
            name=self.name,
            image=self.blueprint.image,
            state=self._state,
            last=self._last,
            ready=self._ready,
            started=self._started,
            restarts=self._restarts,
            pid=self._process.pid if self._process else 0,
            final=self._final,
        )

    async def run(self) -> None:
        """Start and restart until it has ended for good or ``stop`` is called."""
        failures = crashes = 0
        while not self._stopping.is_set():
            try:
                process = self._start()
            except CannotStart as problem:
                failures += 1
                await self._wait_to_try_again(problem, failures)
                continue
            began = asyncio.get_running_loop().time()
            code = await self._supervise(process)
            if self._stopping.is_set() or not self._runs_again(code):
                break
            lasted = asyncio.get_running_loop().time() - began
            # Having run for twice the longest back-off, it starts afresh, as with kubelet.
            crashes = 1 if lasted > 2 * LONGEST_BACKOFF * self._base else crashes + 1
            await self._back_off(crashes)
        self._set(final=True)

    async def stop(self, grace: float) -> None:
        """End it for good: SIGTERM, ``grace`` seconds, SIGKILL."""
        self._stopping.set()
        if self._process is not None and self._process.running:
            self._tell(NORMAL, "Killing", f"Stopping container {self.name}")
            await self._process.stop(grace)

    def kill(self) -> None:
        """End it for good and at once."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()

    def execute(self, command: Sequence[str], *, stdin: bool, tty: bool) -> ProcessSession:
        """Run a command beside the container's process, and no longer than it; NodeError."""
        if not self.running or self.launched is None:
            raise NodeError(f'container not found ("{self.name}")', 404, "NotFound")
        session = start_session(self.launched, command, stdin=stdin, tty=tty)
        self._sessions = {each for each in self._sessions if each.running} | {session}
        return session

    # --- one run ---------------------------------------------------------------------------

    def _start(self) -> Process:
        try:
            launch = self.blueprint.launch()
        except OSError as error:
            raise CannotStart("RunContainerError", str(error)) from error
        path = self._folder / f"{self.name}.log"
        if self.log is not None:
            path.replace(path.with_name(f"{self.name}.previous.log"))
        log = ContainerLog(path)
        try:
            process = Process(launch.argv, env=launch.env, cwd=launch.cwd, on_output=log.write)
        except OSError as error:
            log.close()
            raise CannotStart("RunContainerError", f"exec {launch.argv[0]}: {error}") from error
        self.previous_log, self.log, self.launched = self.log, log, launch
        image = self.blueprint.image
        self._tell(NORMAL, "Pulled", f'Container image "{image}" already present on machine')
        self._tell(NORMAL, "Created", f"Created container: {self.name}")
        self._tell(NORMAL, "Started", f"Started container {self.name}")
        self._process = process
        if isinstance(self._state, Terminated):
            self._last = self._state
        if self._last is not None:
            self._restarts += 1
        unprobed = not self.blueprint.probes.keys() & {"readiness", "startup"}
        self._set(
            state=Running(_now()),
            started="startup" not in self.blueprint.probes,
            ready=unprobed,
        )
        return process

    async def _supervise(self, process: Process) -> int:
        """Probe until it ends or must end; returns the exit code."""
        condemned = asyncio.Event()
        began = _now()
        watching = [asyncio.ensure_future(process.wait()), asyncio.ensure_future(condemned.wait())]
        probing = asyncio.ensure_future(self._probe(condemned))
        try:
            await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
            self._set(ready=False)
            code = await process.stop(UNHEALTHY_GRACE) if process.running else await process.wait()
        finally:
            for task in (*watching, probing):
                task.cancel()
            await asyncio.gather(*watching, probing, return_exceptions=True)
        # As the kernel kills what is left in a PID namespace when its first process ends.
        await asyncio.gather(*(session.kill() for session in self._sessions))
        assert self.log is not None
        self.log.close()
        ended = Terminated(
            code=code,
            reason="Completed" if code == 0 else "Error",
            started=began,
            finished=_now(),
            message="" if code == 0 else self.log.tail(LAST_WORDS),
        )
        self._set(state=ended, ready=False, started=False)
        return code

    async def _probe(self, condemned: asyncio.Event) -> None:
        """Startup first, then readiness and liveness together."""
        found = self.blueprint.probes
        if startup := found.get("startup"):
            begun = asyncio.Event()

            def on_startup(ok: bool) -> None:
                if ok:
                    begun.set()
                else:
                    self._condemn(startup, condemned)

            watch = asyncio.ensure_future(self._watch(startup, on_startup, fast=True))
            try:
                await begun.wait()
            finally:
                watch.cancel()
            self._set(started=True, ready="readiness" not in found)
        running: list[Coroutine[Any, Any, None]] = []
        if readiness := found.get("readiness"):
            running.append(self._watch(readiness, lambda ok: self._set(ready=ok), fast=True))
        if liveness := found.get("liveness"):
            running.append(
                self._watch(
                    liveness,
                    lambda ok: None if ok else self._condemn(liveness, condemned),
                    fast=False,
                )
            )
        await asyncio.gather(*running)

    async def _watch(self, probe: Probe, on_change: Callable[[bool], None], *, fast: bool) -> None:
        title = probe.kind.capitalize()
        await probes.watch(
            probe.check,
            probe.timing,
            fast=fast,
            on_failure=lambda why: self._tell(WARNING, "Unhealthy", f"{title} probe failed: {why}"),
            on_change=on_change,
        )

    def _condemn(self, probe: Probe, condemned: asyncio.Event) -> None:
        self._tell(
            NORMAL,
            "Killing",
            f"Container {self.name} failed {probe.kind} probe, will be restarted",
        )
        condemned.set()

    # --- between runs ----------------------------------------------------------------------

    def _runs_again(self, code: int) -> bool:
        return self._policy == "Always" or (self._policy == "OnFailure" and code != 0)

    async def _back_off(self, crashes: int) -> None:
        """The first restart is immediate, then base, twice the base, and so on, as kubelet's."""
        if crashes < 2:
            return
        seconds = self._base * min(2 ** (crashes - 2), LONGEST_BACKOFF)
        message = f"back-off {seconds:g}s restarting failed container={self.name}"
        self._tell(WARNING, "BackOff", f"Back-off restarting failed container {self.name}")
        if isinstance(self._state, Terminated):
            self._last = self._state
        self._set(state=Waiting("CrashLoopBackOff", message))
        await self._pause(seconds)

    async def _wait_to_try_again(self, problem: CannotStart, failures: int) -> None:
        """Say why, and try again after the back-off; images also show ImagePullBackOff."""
        self._tell(WARNING, "Failed", problem.message)
        self._tell(WARNING, "Failed", f"Error: {problem.reason}")
        if isinstance(self._state, Terminated):
            self._last = self._state
        self._set(state=Waiting(problem.reason, problem.message))
        await self._pause(self._base)
        if problem.reason != "ErrImagePull" or self._stopping.is_set():
            return
        message = f'Back-off pulling image "{self.blueprint.image}": {problem.message}'
        self._tell(NORMAL, "BackOff", f'Back-off pulling image "{self.blueprint.image}"')
        self._set(state=Waiting("ImagePullBackOff", message))
        await self._pause(self._base * min(2 ** (failures - 1), LONGEST_BACKOFF))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _tell(self, kind: str, reason: str, message: str) -> None:
        self._report(self.name, kind, reason, message)

    def _set(
        self,
        *,
        state: State | None = None,
        ready: bool | None = None,
        started: bool | None = None,
        final: bool | None = None,
    ) -> None:
        before = self.view
        self._state = self._state if state is None else state
        self._ready = self._ready if ready is None else ready
        self._started = self._started if started is None else started
        self._final = self._final if final is None else final
        if self.view != before:
            self._changed()


def _now() -> str:
    return timestamp(datetime.now(UTC))
