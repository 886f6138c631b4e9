"""A server that answers byte for byte as a test tells it, however wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

Script = Callable[[socket.socket, int], None]
"""Serves one accepted connection (the second argument counts them from 0), then it is closed."""


class RawServer:
    """Accepts on 127.0.0.1 and gives each connection to ``script`` on a thread of its own."""

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self.accepted = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def request(self, connection: socket.socket) -> bytes:
        """The next request's head on the connection; b"" if the client has closed it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = connection.recv(1)
            if not data:
                return b""
            head += data
        self.requests.append(head)
        return head

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, self.accepted))
            self.accepted += 1
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, suppress(ConnectionError):
            self._script(connection, number)


@pytest.fixture
def raw_server() -> Iterator[
    Callable[[Callable[[RawServer, socket.socket, int], None]], RawServer]
]:
    """Starts servers; each script gets the server, the connection and its number."""
    servers: list[RawServer] = []

    def start(script: Callable[[RawServer, socket.socket, int], None]) -> RawServer:
        ready = threading.Event()

        def serve(connection: socket.socket, number: int) -> None:
            ready.wait()
            script(servers[mine], connection, number)

        mine = len(servers)
        servers.append(RawServer(serve))
        ready.set()
        return servers[mine]

    yield start
    for server in servers:
        server.stop()
