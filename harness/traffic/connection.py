"""One connection to the ingress: kept alive, opened anew when the server has closed it."""

from __future__ import annotations

import os
import socket
import time

from harness.model import Answer
from harness.traffic.wire import (
    REFUSED,
    RESET,
    BadAnswer,
    Inbox,
    Message,
    read_answer,
)

_READ_SIZE = 65536


class Connection:
    """Sends one request at a time. Not for use by several threads, but for ``abort``.

    ``connect_seconds`` and ``answer_seconds`` bound each exchange; a server that sends byte by
    byte does not stretch them.
    """

    def __init__(
        self, address: tuple[str, int], connect_seconds: float, answer_seconds: float
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._socket: socket.socket | None = None
        self._inbox = Inbox(self._receive)
        self._deadline = 0.0

    def exchange(self, request: bytes) -> Answer:
        """One request, one answer; what goes wrong is the answer's ``error``."""
        started = time.perf_counter()
        try:
            message = self._exchange(request)
        except _Failed as failed:
            self.close()
            return Answer(None, b"", {}, str(failed), time.perf_counter() - started)
        if not message.reusable:
            self.close()
        seconds = time.perf_counter() - started
        return Answer(message.status, message.body, message.headers, None, seconds)

    def close(self) -> None:
        """Close; the next exchange opens anew."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def abort(self) -> None:
        """End a running exchange from another thread; it then fails."""
        current = self._socket
        if current is not None:
            try:
                current.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was closed in between, which is what was wanted

    def _exchange(self, request: bytes) -> Message:
        if self._socket is None or self._closed_while_idle(self._socket):
            self.close()
            self._socket = self._connect()
            self._inbox = Inbox(self._receive)
        self._deadline = time.monotonic() + self._answer_seconds
        try:
            self._socket.settimeout(self._answer_seconds)
            self._socket.sendall(request)
            return read_answer(self._inbox)
        except BadAnswer as bad:
            raise _Failed(str(bad)) from bad
        except TimeoutError as late:
            raise _Failed(f"timed out after {self._answer_seconds:g} s") from late
        except (ConnectionResetError, BrokenPipeError) as reset:
            raise _Failed(RESET) from reset
        except OSError as other:
            raise _Failed(_told(other)) from other

    def _connect(self) -> socket.socket:
        try:
            opened = socket.create_connection(self._address, self._connect_seconds)
        except ConnectionRefusedError as refused:
            raise _Failed(REFUSED) from refused
        except TimeoutError as late:
            raise _Failed(f"not connected after {self._connect_seconds:g} s") from late
        except OSError as other:
            raise _Failed(_told(other)) from other
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _closed_while_idle(self, idle: socket.socket) -> bool:
        """Whether a kept-alive connection has ended, or holds bytes nobody asked for.

        RFC 9112, 9.6: the server may close an idle connection at any time. Seen before anything
        is sent, that is no failure; a close that crosses the request on its way is one.
        """
        if self._inbox.pending:
            return True
        idle.settimeout(0)
        try:
            idle.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _receive(self) -> bytes:
        assert self._socket is not None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv(_READ_SIZE)


class _Failed(Exception):
    """The exchange brought no answer; the message says why."""


def _told(error: OSError) -> str:
    """The system's words without addresses, so that equal faults are counted together."""
    if isinstance(error, socket.gaierror):
        return "host name not found"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
