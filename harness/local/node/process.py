"""One child process with everything it starts: a process group with its output on a pipe.

Children die with this process: the kernel kills the child (PR_SET_PDEATHSIG by setpriv, where
it exists), and the guardian what the child has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK: Final = 65_536
"""Bytes read at a time: a pipe's capacity on Linux."""
GATHERING: Final = 0.02
"""Seconds after a read in which more output gathers in the pipe: a busy server writes a line per
request, and waking up for each costs as much as a tenth of answering it."""
LAST_OUTPUT: Final = 0.5
"""Seconds to wait for the killed group's last output."""
FIRST_PAUSE: Final = 0.001
LAST_PAUSE: Final = 0.5
"""Seconds between two looks for what was killed."""
PR_SET_CHILD_SUBREAPER: Final = 36
"""prctl(2)."""
SETPRIV: Final = shutil.which("setpriv")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to execute, and where."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


def tied_to_us(argv: Sequence[str]) -> list[str]:
    """The command, killed by the kernel when this process ends."""
    return [*((SETPRIV, "--pdeathsig", "KILL", "--") if SETPRIV else ()), *argv]


def adopt_orphans() -> None:
    """Become the parent of what a killed child leaves, to reap it (PR_SET_CHILD_SUBREAPER).

    Without it the workers of killed applications stay as zombies until the cluster ends.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_group(group: int, then: Callable[[], None], pause: float = FIRST_PAUSE) -> None:
    """Reap what was killed in a process group whose leader is already reaped; call ``then``.

    A killed process takes a moment to end: it is looked for again after ``pause`` seconds,
    twice that, and so on up to LAST_PAUSE.
    """
    try:
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            continue
    except ChildProcessError:
        then()
        return
    if pause > LAST_PAUSE:
        then()
        return
    asyncio.get_running_loop().call_later(pause, reap_group, group, then, 2 * pause)


class Process:
    """A running child. Create it inside the event loop; OSError if it cannot start."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_output: Callable[[bytes], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._code: int | None = None
        self._reaped = False
        self._patience: asyncio.TimerHandle | None = None
        self._output, writable = os.pipe()
        try:
            self._child = subprocess.Popen(
                tied_to_us(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=writable,
                stderr=writable,
                process_group=0,
            )
        except OSError:
            os.close(self._output)
            raise
        finally:
            os.close(writable)
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read)
        self._pidfd = os.pidfd_open(self._child.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """Process id, which is also the process group's."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Not ended yet."""
        return not self._ended.done()

    async def wait(self) -> int:
        """Exit code; 128 + signal if it was killed by one."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float) -> int:
        """SIGTERM, up to ``grace`` seconds for it to end, then SIGKILL to the whole group."""
        if self.running and grace > 0:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    return await self.wait()
        self.kill()
        return await self.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group; nothing once it is reaped, for its id may be another's."""
        if self._code is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """To the main process only, as kubelet does: it knows how to end its workers."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def _read(self) -> None:
        """Pass on one chunk. The end means that nothing of the group is left to write."""
        try:
            data = os.read(self._output, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close_output()
            return
        self._on_output(data)
        if len(data) < CHUNK:
            self._loop.remove_reader(self._output)
            self._loop.call_later(GATHERING, self._read_on)

    def _read_on(self) -> None:
        if self._output >= 0:
            self._loop.add_reader(self._output, self._read)

    def _reap(self) -> None:
        """The main process has ended: so must its group.

        The group is killed before the child is reaped: until then its id cannot be reused.
        """
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.kill()
        self._code = self._child.wait()
        reap_group(self.pid, self._all_reaped)
        self._finish_if_over()
        if not self._ended.done():
            self._patience = self._loop.call_later(LAST_OUTPUT, self._give_up_output)

    def _all_reaped(self) -> None:
        self._reaped = True
        self._finish_if_over()

    def _finish_if_over(self) -> None:
        """Ended is who has been reaped with the whole group, and whose output has ended."""
        over = self._reaped and self._output < 0
        if self._code is None or not over or self._ended.done():
            return
        if self._patience is not None:
            self._patience.cancel()
        self._ended.set_result(self._code if self._code >= 0 else 128 - self._code)

    def _give_up_output(self) -> None:
        """What has left the process group may keep the pipe; the guardian ends it."""
        if self._output >= 0:
            self._close_output()

    def _close_output(self) -> None:
        self._loop.remove_reader(self._output)
        os.close(self._output)
        self._output = -1
        self._finish_if_over()
