"""One child process with everything it starts: a process group with its output on a pipe.

Children die with this process: the kernel kills the child (PR_SET_PDEATHSIG by setpriv, where
it exists), and the guardian what the child has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

CHUNK: Final = 65_536
"""Bytes read at a time: a pipe's capacity on Linux."""
SETPRIV: Final = shutil.which("setpriv")


def tied_to_us(argv: Sequence[str]) -> list[str]:
    """The command, killed by the kernel when this process ends."""
    return [*((SETPRIV, "--pdeathsig", "KILL", "--") if SETPRIV else ()), *argv]


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
                return await asyncio.wait_for(self.wait(), grace)
        self.kill()
        return await self.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group; nothing once it has ended, for its id may be another's."""
        if not self.running:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """To the main process only, as kubelet does: it knows how to end its workers."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def _read(self) -> bool:
        """Pass on one chunk; True if there was one."""
        try:
            data = os.read(self._output, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._output)
            return False
        self._on_output(data)
        return True

    def _reap(self) -> None:
        """The main process has ended: so must its group, then the rest of its output is read.

        The group is killed before the child is reaped: until then its id cannot be reused.
        """
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.kill()
        code = self._child.wait()
        while self._read():
            pass
        self._loop.remove_reader(self._output)
        os.close(self._output)
        if not self._ended.done():
            self._ended.set_result(code if code >= 0 else 128 - code)
