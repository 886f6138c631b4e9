"""Pod addresses: each cluster owns one block 127.N.0.0/16 of the loopback network.

Linux answers on all of 127.0.0.0/8 without configuration or rights. Two clusters never share a
block: one user's are kept apart by a file lock, another user's by a listener at 127.N.0.1 that
everybody sees in /proc/net/tcp. Both end with the process that holds them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import zlib
from pathlib import Path
from typing import Final

from harness.local.node.errors import NodeSetupError

BLOCKS: Final = range(20, 251)
LOCK_FILE: Final = ".blocks.lock"
"""Byte N of it is locked by the cluster that owns block N."""
LISTENING: Final = "0A"
"""State in /proc/net/tcp (TCP_LISTEN, include/net/tcp_states.h)."""


class AddressBlock:
    """A block held by this process until ``close``."""

    def __init__(self, number: int, lock: int, reservation: socket.socket) -> None:
        self._number = number
        self._lock = lock
        self._reservation = reservation
        self._last = 0
        self._taken: set[str] = set()

    @classmethod
    def take(cls, locks: Path, name: str) -> AddressBlock:
        """A free block; a cluster called ``name`` gets the same one again if it can.

        ``locks`` is a folder shared by all clusters of the user. Raises NodeSetupError.
        """
        listening = _listening_blocks()
        lock = os.open(locks / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        start = zlib.crc32(f"{os.getuid()}/{name}".encode()) % len(BLOCKS)
        for number in (*BLOCKS[start:], *BLOCKS[:start]):
            if number in listening:
                continue
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                continue
            try:
                return cls(number, lock, _listen(f"127.{number}.0.1"))
            except OSError as error:
                os.close(lock)
                raise _cannot_bind(number, error) from error
        os.close(lock)
        raise NodeSetupError(
            f"every loopback block 127.{BLOCKS.start}-{BLOCKS.stop - 1}.0.0/16 is in use",
            "stop a local cluster that is no longer needed (harness down)",
        )

    @property
    def node_address(self) -> str:
        """The node's own address."""
        return f"127.{self._number}.0.1"

    @property
    def cidr(self) -> str:
        """The whole block."""
        return f"127.{self._number}.0.0/16"

    def assign(self) -> str:
        """An address for a pod: the next in turn, so that a released one rests for long."""
        for _ in range(255 * 254):
            self._last = self._last % (255 * 254) + 1
            third, fourth = divmod(self._last - 1, 254)
            address = f"127.{self._number}.{third + 1}.{fourth + 1}"
            if address not in self._taken:
                self._taken.add(address)
                return address
        raise RuntimeError(f"no address of {self.cidr} is free: {len(self._taken)} pods run")

    def release(self, address: str) -> None:
        """Give a pod's address back."""
        self._taken.discard(address)

    def close(self) -> None:
        """Let others have the block."""
        self._reservation.close()
        os.close(self._lock)


def _listen(address: str) -> socket.socket:
    reservation = socket.socket()
    try:
        reservation.bind((address, 0))
        reservation.listen(1)
    except OSError:
        reservation.close()
        raise
    return reservation


def _cannot_bind(number: int, error: OSError) -> NodeSetupError:
    reason = f"the loopback address 127.{number}.0.1 cannot be bound: {error.strerror}"
    if error.errno == errno.EADDRNOTAVAIL:
        return NodeSetupError(
            reason,
            "the local cluster needs Linux, where all of 127.0.0.0/8 is loopback; "
            "elsewhere use CLUSTER=kind",
        )
    return NodeSetupError(reason, "check the loopback interface: ip addr show lo")


def _listening_blocks() -> set[int]:
    """Second octets of 127.x addresses on which anybody listens on this machine."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return set()
    blocks = set()
    for line in table.read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        octets = bytes.fromhex(local.partition(":")[0])[::-1]
        if state == LISTENING and octets[0] == 127:
            blocks.add(octets[1])
    return blocks
