"""A WebSocket client for short commands: upgrade, read messages, close (RFC 6455).

The packaged client reads the answer's head byte by byte, which over TLS costs more than all the
rest of a command, and cannot be given a connection. Only what a command's output needs is here:
it sends control frames alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import struct
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import BinaryIO, Final

MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""
CONTINUATION, CLOSE, PING = 0x0, 0x8, 0x9
PONG: Final = 0xA


class WebSocketError(Exception):
    """The upgrade was refused or the peer broke the protocol; ``body`` is a refusal's."""

    def __init__(self, reason: str, body: bytes = b"") -> None:
        super().__init__(reason)
        self.body = body


class Tls:
    """Trust and credentials of the connections to one server, and its last session to resume.

    Resuming spares both sides half of a handshake. May be used from several threads.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.session: ssl.SSLSession | None = None


def connect(host: str, port: int | None, tls: Tls | None, seconds: float) -> HTTPConnection:
    """Open a connection that can be upgraded; ``seconds`` bounds every read and write. OSError."""
    connection = (
        _ResumingConnection(host, port, seconds, tls)
        if tls
        else HTTPConnection(host, port, timeout=seconds)
    )
    connection.connect()
    return connection


class _ResumingConnection(HTTPSConnection):
    def __init__(self, host: str, port: int | None, seconds: float, tls: Tls) -> None:
        super().__init__(host, port, timeout=seconds, context=tls.context)
        self._tls = tls

    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = self._tls.context.wrap_socket(
            self.sock, server_hostname=self.host, session=self._tls.session
        )

    def close(self) -> None:
        # The ticket comes with the server's first data, after the handshake (TLS 1.3).
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.session:
            self._tls.session = self.sock.session
        super().close()


class WebSocket:
    """One upgraded connection. Use as a context manager, which closes the connection."""

    def __init__(
        self,
        connection: HTTPConnection,
        target: str,
        headers: Mapping[str, str],
        protocols: tuple[str, ...],
    ) -> None:
        """Upgrade; on failure the connection is closed. WebSocketError, or OSError."""
        self._connection = connection
        try:
            self._stream = self._upgrade(target, headers, protocols)
        except ConnectionError:
            connection.close()
            raise
        except HTTPException as error:
            connection.close()
            raise WebSocketError(f"the answer is no HTTP: {error!r}") from error
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def messages(self) -> Iterator[bytes]:
        """Whole messages, until the peer closes. Raises WebSocketError if it just goes away."""
        parts: list[bytes] = []
        while True:
            is_final, opcode, payload = self._frame()
            if opcode == CLOSE:
                self._send(CLOSE, payload[:2])
                return
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode < CLOSE:
                if (opcode == CONTINUATION) is not bool(parts):
                    raise WebSocketError("a message begins inside another")
                parts.append(payload)
                if is_final:
                    yield b"".join(parts)
                    parts.clear()

    def _upgrade(
        self, target: str, headers: Mapping[str, str], protocols: tuple[str, ...]
    ) -> BinaryIO:
        key = base64.b64encode(os.urandom(16)).decode()
        self._connection.request(
            "GET",
            target,
            headers={
                **headers,
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Protocol": ", ".join(protocols),
            },
        )
        answer = self._connection.getresponse()
        if answer.status != 101:
            raise WebSocketError(f"HTTP status {answer.status} {answer.reason}", answer.read())
        _check(answer, key, protocols)
        stream: BinaryIO = answer.fp
        return stream

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._read(2)
        if second & 0x80 or first & 0x70:
            raise WebSocketError("the server sent a masked or extended frame")
        length = second
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._read(8))
        return bool(first & 0x80), first & 0x0F, self._read(length)

    def _read(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) != count:
            raise WebSocketError("the connection ended inside a message")
        return data

    def _send(self, opcode: int, payload: bytes) -> None:
        """A control frame, masked as clients must: at most 125 bytes."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._connection.sock.sendall(bytes((0x80 | opcode, 0x80 | len(payload))) + mask + masked)


def _check(answer: HTTPResponse, key: str, protocols: tuple[str, ...]) -> None:
    digest = hashlib.sha1((key + MAGIC).encode(), usedforsecurity=False).digest()
    if answer.headers.get("Sec-WebSocket-Accept") != base64.b64encode(digest).decode():
        raise WebSocketError("the server did not accept the upgrade as RFC 6455 says")
    chosen = answer.headers.get("Sec-WebSocket-Protocol", "")
    if chosen not in protocols:
        raise WebSocketError(f"the server chose protocol {chosen!r}, not one of {protocols}")
