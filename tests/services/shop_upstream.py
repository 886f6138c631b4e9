"""A service behind, or an HTTP proxy: scripted by a test, it notes what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ITEM = {"id": 1, "color": "amber", "department": "Eyewear", "name": "Glasses", "price": "282.00"}
USER = {
    "id": 1,
    "name": "Leanne Graham",
    "username": "Bret",
    "email": "leanne@example.com",
    "address": {"street": "Kulas Light", "suite": "Apt. 556", "city": "Gwenborough",
                "zipcode": "92998-3874"},
    "phone": "1-770-736-8031",
    "website": "example.com",
    "company": {"name": "Romaguera", "catchPhrase": "Multi-layered", "bs": "e-markets"},
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; ``target`` is the path, or the URL if we are its proxy."""

    method: str
    target: str
    headers: Message
    body: bytes


@dataclass
class Upstream:
    """What to answer, to change at will, and what was asked so far."""

    url: str
    status: int = 200
    body: bytes = b"[]"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    silent: bool = False
    """Read the request, answer nothing and keep the connection until the test ends."""
    closing: bool = False
    """Read the request and close the connection."""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def last(self) -> Asked:
        return self.asked[-1]


@contextmanager
def serve_upstream() -> Iterator[Upstream]:
    """Serve on a free loopback port; every connection and thread ends with the context."""
    ended = threading.Event()
    sockets: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            upstream.connections += 1
            sockets.append(self.connection)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ValueError):
                self.close_connection = True

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            upstream.asked.append(Asked(self.command, self.path, self.headers, body))
            if upstream.silent:
                ended.wait()
            if upstream.silent or upstream.closing:
                self.close_connection = True
                return
            self.send_response(upstream.status)
            for name, value in upstream.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(upstream.body)))
            self.end_headers()
            self.wfile.write(upstream.body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests read ``asked``."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False

    with Server(("127.0.0.1", 0), Handler) as server:
        upstream = Upstream(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield upstream
        finally:
            server.shutdown()
            thread.join()
            ended.set()
            for each in sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # its client was faster


def refusing_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
