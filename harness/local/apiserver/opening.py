"""The API server answers before the rooms behind it are there; what needs them waits here.

Nothing is lost and nothing passes unjudged meanwhile: a write waits for its judge, however long
that takes, and a client that gives up has written nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.local.apiserver.writes import Writer
    from harness.local.contracts import NodeAgent


@dataclass(frozen=True, slots=True)
class Rooms:
    """What requests need of the other rooms: the way to write, and the node."""

    writer: Writer
    node: NodeAgent


class Opening:
    """Closed at first, then open for good."""

    def __init__(self) -> None:
        self._rooms: Rooms | None = None
        self._opened = asyncio.Event()
        self._waiting = 0

    @property
    def is_open(self) -> bool:
        """Whether everything is served without waiting."""
        return self._rooms is not None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    def open(self, rooms: Rooms) -> None:
        """Let in who waits, and everybody after."""
        self._rooms = rooms
        self._opened.set()

    async def rooms(self) -> Rooms:
        """The rooms, as soon as they are there."""
        while self._rooms is None:
            self._waiting += 1
            try:
                await self._opened.wait()
            finally:
                self._waiting -= 1
        return self._rooms
