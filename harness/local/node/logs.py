"""A container's log: the newest lines in memory for readers, and a file for afterwards."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from harness.local.contracts import LogOptions

KEPT_BYTES: Final = 10 * 1024 * 1024
"""Per container, in memory and per file: kubelet's containerLogMaxSize."""


class ContainerLog:
    """One run of one container."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], float] = lambda: datetime.now(UTC).timestamp(),
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._path = path
        self._now = now
        self._kept = kept_bytes
        self._lines: deque[tuple[float, bytes]] = deque()
        self._first = 0  # number of the oldest line kept
        self._bytes = 0
        self._partial = b""
        self._closed = False
        self._changed = asyncio.Event()
        self._file = path.open("ab", buffering=0)
        self._written = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Take output as it comes; lines are stamped when they are complete."""
        *complete, self._partial = (self._partial + data).split(b"\n")
        self._add([line + b"\n" for line in complete])

    def close(self) -> None:
        """The container has ended: a last unfinished line is one too, and followers end."""
        if self._closed:
            return
        if self._partial:
            self._add([self._partial + b"\n"])
            self._partial = b""
        self._closed = True
        self._file.close()
        self._wake()

    def tail(self, lines: int) -> str:
        """The last lines as text, for messages."""
        newest = list(self._lines)[-lines:]
        return b"".join(line for _, line in newest).decode(errors="replace")

    async def read(self, options: LogOptions) -> AsyncIterator[bytes]:
        """What ``options`` choose; with ``follow`` on until the container ends."""
        left = options.limit_bytes if options.limit_bytes is not None else -1
        position = self._start(options)
        while True:
            position = max(position, self._first)
            chosen = list(islice(self._lines, position - self._first, None))
            position = self._first + len(self._lines)
            chunk = b"".join(
                _stamp(when) + line if options.timestamps else line for when, line in chosen
            )
            if 0 <= left <= len(chunk):
                yield chunk[:left]
                return
            left -= len(chunk) if left >= 0 else 0
            if chunk:
                yield chunk
            if self._closed or not options.follow:
                if position == self._first + len(self._lines):
                    return
                continue
            if position == self._first + len(self._lines):
                await self._changed.wait()

    def _start(self, options: LogOptions) -> int:
        """Number of the first line wanted."""
        start = self._first
        if options.since_seconds is not None:
            oldest = self._now() - options.since_seconds
            start += sum(when < oldest for when, _ in self._lines)
        if options.tail is not None:
            start = max(start, self._first + len(self._lines) - options.tail)
        return start

    def _add(self, lines: list[bytes]) -> None:
        if not lines or self._closed:
            return
        now = self._now()
        self._lines.extend((now, line) for line in lines)
        self._bytes += sum(map(len, lines))
        while self._bytes > self._kept and len(self._lines) > 1:
            self._bytes -= len(self._lines.popleft()[1])
            self._first += 1
        stamp = _stamp(now)
        self._append_to_file(b"".join(stamp + line for line in lines))
        self._wake()

    def _append_to_file(self, data: bytes) -> None:
        if self._written + len(data) > self._kept:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)
            self._written = 0
        self._file.write(data)
        self._written += len(data)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _stamp(moment: float) -> bytes:
    """RFC 3339 with nanoseconds, as kubelet prefixes log lines."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{text}000Z ".encode()
