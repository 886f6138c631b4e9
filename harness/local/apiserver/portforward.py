"""``pods/portforward`` over WebSocket, in both its forms.

- ``SPDY/3.1+portforward.k8s.io`` (kubectl): SPDY frames inside binary messages. Each forwarded
  connection is an ``error`` and a ``data`` stream with the same requestID.
- ``v4.channel.k8s.io`` (the Python client): ``?ports=``; port i has channel 2i for data and
  2i + 1 for errors, each opened by a message with the port's number.
Source: k8s.io/client-go/tools/portforward, k8s.io/kubelet/pkg/cri/streaming/portforward.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import WSMsgType, web

from harness.local.apiserver.channels import MAX_FRAME, content, say_goodbye
from harness.local.apiserver.spdy import (
    Data,
    Decoder,
    Encoder,
    GoAway,
    Open,
    Ping,
    Reset,
    SpdyError,
)
from harness.local.apiserver.statuses import bad_request
from harness.local.contracts import NodeAgent, NodeError
from harness.local.store import Object

TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"
CHANNELS: Final = "v4.channel.k8s.io"
CHUNK: Final = 32 * 1024
_WAITING_CHUNKS: Final = 64
"""Chunks a pod may leave unread before its client is made to wait."""

Send = Callable[[bytes], Awaitable[None]]
Dial = Callable[[int], Awaitable[tuple[Any, Any]]]


async def forward(request: web.BaseRequest, node: NodeAgent, pod: Object) -> web.StreamResponse:
    """Serve one port-forward session until the client leaves."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = [each for each in (TUNNEL, CHANNELS) if each in offered]
    socket = web.WebSocketResponse(protocols=protocols, max_msg_size=MAX_FRAME, compress=False)
    if not protocols or not socket.can_prepare(request).ok:
        raise bad_request(
            f"port-forward needs a WebSocket upgrade with subprotocol {TUNNEL} or {CHANNELS}"
        )
    ports = [_port(text) for text in ",".join(request.query.getall("ports", [])).split(",") if text]
    await socket.prepare(request)
    metadata = pod["metadata"]

    async def dial(port: int) -> tuple[Any, Any]:
        return await node.dial(metadata["namespace"], metadata["name"], port)

    try:
        if socket.ws_protocol == TUNNEL:
            await _Tunnel(socket.send_bytes, dial).run(socket)
        else:
            await _channels(socket, dial, ports)
    except (ConnectionError, SpdyError):
        # The client is gone or speaks something else: either way there is nobody to tell.
        pass
    finally:
        await say_goodbye(socket)
    return socket


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= port <= 65535:
        raise bad_request(f"ports: {text[:40]!r} is not a port")
    return port


@dataclass(slots=True)
class _Connection:
    """One forwarded connection: what is to be written to the pod; None ends it."""

    waiting: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(_WAITING_CHUNKS)
    )
    task: asyncio.Task[None] | None = None


async def _pump(connection: _Connection, reader: Any, writer: Any, send: Send) -> None:
    """Carry bytes both ways until both sides have ended."""

    async def to_pod() -> None:
        while (chunk := await connection.waiting.get()) is not None:
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    upward = asyncio.create_task(to_pod())
    try:
        while chunk := await reader.read(CHUNK):
            await send(chunk)
    except ConnectionError:
        # The pod closed hard; for the client that is an end like any other.
        pass
    finally:
        writer.close()
        upward.cancel()
        await asyncio.gather(upward, return_exceptions=True)


class _Tunnel:
    """A SPDY session: streams in, connections out."""

    def __init__(self, send: Send, dial: Dial) -> None:
        self._send = send
        self._dial = dial
        self._encoder = Encoder()
        self._errors: dict[str, int] = {}
        self._connections: dict[int, _Connection] = {}

    async def run(self, socket: web.WebSocketResponse) -> None:
        decoder = Decoder()
        try:
            async for message in socket:
                if message.type is not WSMsgType.BINARY:
                    continue
                for frame in decoder.feed(message.data):
                    if isinstance(frame, GoAway):
                        return
                    await self._handle(frame)
        finally:
            tasks = [each.task for each in self._connections.values() if each.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _handle(self, frame: Open | Data | Reset | Ping) -> None:
        if isinstance(frame, Ping):
            await self._send(self._encoder.ping(frame.number))
        elif isinstance(frame, Open):
            await self._open(frame)
        elif isinstance(frame, Reset):
            connection = self._connections.pop(frame.stream, None)
            if connection is not None and connection.task is not None:
                connection.task.cancel()
        elif frame.stream in self._connections:
            waiting = self._connections[frame.stream].waiting
            if frame.payload:
                await waiting.put(frame.payload)
            if frame.last:
                await waiting.put(None)

    async def _open(self, frame: Open) -> None:
        headers = {name.lower(): value for name, value in frame.headers.items()}
        kind, request = headers.get("streamtype"), headers.get("requestid", "")
        if kind == "error":
            self._errors[request] = frame.stream
        elif kind != "data" or request not in self._errors or not headers.get("port", "").isdigit():
            await self._send(self._encoder.reset(frame.stream))
            return
        await self._send(self._encoder.reply(frame.stream))
        if kind == "data":
            connection = _Connection()
            self._connections[frame.stream] = connection
            connection.task = asyncio.create_task(
                self._serve(
                    connection, frame.stream, self._errors.pop(request), int(headers["port"])
                ),
                name=f"port-forward to {headers['port']}",
            )

    async def _serve(self, connection: _Connection, stream: int, errors: int, port: int) -> None:
        async def send(chunk: bytes) -> None:
            await self._send(self._encoder.data(stream, chunk))

        complaint = b""
        try:
            reader, writer = await self._dial(port)
        except NodeError as error:
            complaint = error.message.encode()
        else:
            await _pump(connection, reader, writer, send)
        await self._send(self._encoder.data(errors, complaint, last=True))
        await self._send(self._encoder.data(stream, b"", last=True))
        self._connections.pop(stream, None)


async def _channels(socket: web.WebSocketResponse, dial: Dial, ports: list[int]) -> None:
    connections = [_Connection() for _ in ports]
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))

    async def serve(index: int, port: int) -> None:
        async def send(chunk: bytes) -> None:
            await socket.send_bytes(bytes([2 * index]) + chunk)

        try:
            reader, writer = await dial(port)
        except NodeError as error:
            await socket.send_bytes(bytes([2 * index + 1]) + error.message.encode())
            return
        await _pump(connections[index], reader, writer, send)

    async def close_after(serving: asyncio.Future[Any]) -> None:
        await serving
        await socket.close()

    serving = asyncio.gather(
        *(serve(index, port) for index, port in enumerate(ports)), return_exceptions=True
    )
    closing = asyncio.create_task(close_after(serving), name="port-forward channels")
    try:
        async for message in socket:
            if frame := content(message):
                index, is_error = divmod(frame[0], 2)
                if not is_error and index < len(connections):
                    await connections[index].waiting.put(frame[1:])
    finally:
        # Cancelling it cancels what it waits for.
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
