"""Commands executed in a container: real processes, or answers given by the node agent itself."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Sequence
from typing import Final

from harness.local.contracts import NodeError
from harness.local.node.process import CHUNK, Launch, reap_group, tied_to_us

STDOUT: Final = 1
STDERR: Final = 2
WAITING_CHUNKS: Final = 16
"""Chunks kept for a slow reader before the command has to wait too."""
ON_TERMINAL: Final = 'exec "$@" <"$0" >"$0" 2>&1'
"""Opening a terminal makes it the controlling one of a session that has none (tty(4))."""


class AnsweredSession:
    """A command the node agent answers itself, whole."""

    def __init__(self, stdout: bytes = b"", stderr: bytes = b"", code: int = 0) -> None:
        self._output = ((STDOUT, stdout), (STDERR, stderr))
        self._code = code

    async def write(self, data: bytes) -> None:
        """Nothing reads it."""

    async def close_stdin(self) -> None:
        """Nothing reads it."""

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """The answer in pieces a frame can hold."""
        for channel, data in self._output:
            for start in range(0, len(data), CHUNK):
                yield channel, data[start : start + CHUNK]

    async def exit_code(self) -> int:
        """Known from the start."""
        return self._code

    async def kill(self) -> None:
        """Nothing runs."""

    def resize(self, width: int, height: int) -> None:
        """There is no terminal."""


class ProcessSession:
    """A command as a process group of its own, on pipes or a terminal."""

    def __init__(self, launch: Launch, command: Sequence[str], *, stdin: bool, tty: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._readers: dict[int, int] = {}
        self._paused: set[int] = set()
        self._stdin = -1
        self._terminal = -1
        if tty:
            self._start_on_terminal(launch, command)
        else:
            self._start_on_pipes(launch, command, stdin)
        for descriptor in self._readers:
            os.set_blocking(descriptor, False)
            self._loop.add_reader(descriptor, self._read, descriptor)
        self._pidfd = os.pidfd_open(self._child.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @property
    def running(self) -> bool:
        """Not ended yet."""
        return not self._ended.done()

    async def write(self, data: bytes) -> None:
        """Give bytes to stdin, waiting while the command does not read; lost once it has ended."""
        view = memoryview(data)
        while view and self._stdin >= 0 and not self._ended.done():
            try:
                view = view[os.write(self._stdin, view) :]
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    raise
                return

    async def close_stdin(self) -> None:
        """End stdin; on a terminal that is the end-of-file character."""
        if self._terminal >= 0:
            await self.write(b"\x04")
        elif self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks until the command has ended."""
        while chunk := await self._chunks.get():
            yield chunk
            if self._paused and self._chunks.empty():
                for descriptor in self._paused:
                    self._loop.add_reader(descriptor, self._read, descriptor)
                self._paused.clear()

    async def exit_code(self) -> int:
        """Wait for the end."""
        return await asyncio.shield(self._ended)

    async def kill(self) -> None:
        """SIGKILL to the whole group."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            await self.exit_code()

    def resize(self, width: int, height: int) -> None:
        """Tell the terminal; the kernel tells the command (SIGWINCH)."""
        if self._terminal >= 0:
            size = struct.pack("HHHH", height, width, 0, 0)
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def _start_on_pipes(self, launch: Launch, command: Sequence[str], stdin: bool) -> None:
        out, out_child = os.pipe()
        err, err_child = os.pipe()
        in_child = -1
        if stdin:
            in_child, self._stdin = os.pipe()
            os.set_blocking(self._stdin, False)
        try:
            self._child = subprocess.Popen(
                tied_to_us(command),
                env=dict(launch.env),
                cwd=launch.cwd,
                stdin=in_child if stdin else subprocess.DEVNULL,
                stdout=out_child,
                stderr=err_child,
                process_group=0,
            )
        except OSError:
            for descriptor in (out, err, self._stdin):
                if descriptor >= 0:
                    os.close(descriptor)
            raise
        finally:
            for descriptor in (out_child, err_child, in_child):
                if descriptor >= 0:
                    os.close(descriptor)
        self._readers = {out: STDOUT, err: STDERR}

    def _start_on_terminal(self, launch: Launch, command: Sequence[str]) -> None:
        ours, theirs = pty.openpty()
        try:
            self._child = subprocess.Popen(
                tied_to_us(["/bin/sh", "-c", ON_TERMINAL, os.ttyname(theirs), *command]),
                env={"TERM": "xterm", **launch.env},
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._stdin = self._terminal = ours
        self._readers = {ours: STDOUT}

    async def _writable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        self._loop.add_writer(self._stdin, wake)
        try:
            await asyncio.wait((ready, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._stdin >= 0:
                self._loop.remove_writer(self._stdin)

    def _read(self, descriptor: int) -> bool:
        """Take one chunk; True if there was one. A terminal's end reads as EIO (pty(7))."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            self._loop.remove_reader(descriptor)
            return False
        self._chunks.put_nowait((self._readers[descriptor], data))
        if self._chunks.qsize() >= WAITING_CHUNKS and not self._ended.done():
            self._loop.remove_reader(descriptor)
            self._paused.add(descriptor)
        return True

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        code = self._child.wait()
        if self._stdin >= 0 and self._stdin != self._terminal:
            os.close(self._stdin)
        self._stdin = -1
        self._paused.clear()
        for descriptor in self._readers:
            while self._read(descriptor):
                pass
            self._loop.remove_reader(descriptor)
            os.close(descriptor)
        self._terminal = -1
        reap_group(self._child.pid, lambda: self._finish(code if code >= 0 else 128 - code))

    def _finish(self, code: int) -> None:
        self._chunks.put_nowait(None)
        self._ended.set_result(code)


def start_session(
    launch: Launch, command: Sequence[str], *, stdin: bool, tty: bool
) -> ProcessSession:
    """Start a command; NodeError in the container runtime's words if it cannot be."""
    program = command[0] if command else ""
    path = str(launch.cwd / program) if "/" in program else program
    if not program or shutil.which(path, path=launch.env.get("PATH", "")) is None:
        where = (
            "no such file or directory" if "/" in program else "executable file not found in $PATH"
        )
        raise NodeError(
            f'unable to start container process: exec: "{program}": {where}', 500, "InternalError"
        )
    try:
        return ProcessSession(launch, command, stdin=stdin, tty=tty)
    except OSError as error:
        raise NodeError(
            f'unable to start container process: exec: "{program}": {error}', 500, "InternalError"
        ) from error
