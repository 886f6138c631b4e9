"""The remote-command protocol over WebSocket: frames to and from a running command.

Subprotocols ``v5.channel.k8s.io`` (kubectl) and ``v4.channel.k8s.io`` (the Python client): the
first byte of each frame is a channel. Frames are binary or text; the Python client sends what it
is given as ``str`` in text frames.
Source: k8s.io/apimachinery/pkg/util/remotecommand, k8s.io/kubelet/pkg/cri/streaming.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import WSMessage, WSMsgType, web

from harness.local.apiserver.statuses import bad_request, failure
from harness.local.contracts import ExecSession

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4
CLOSE: Final = 255
MAX_FRAME: Final = 4 * 1024 * 1024
GOODBYE_SECONDS: Final = 0.25
"""For a client to answer the goodbye of a server that stops."""


async def prepare(request: web.BaseRequest) -> web.WebSocketResponse:
    """Upgrade; Refusal 400 if the client does not ask for WebSocket with a protocol we speak."""
    offered = [
        each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    ]
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=MAX_FRAME, compress=False)
    if not socket.can_prepare(request).ok or not set(offered) & set(PROTOCOLS):
        raise bad_request(
            "exec needs a WebSocket upgrade with subprotocol "
            f"{' or '.join(PROTOCOLS)}; SPDY is not supported by the local cluster"
        )
    await socket.prepare(request)
    return socket


async def converse(
    socket: web.WebSocketResponse, session: ExecSession, streams: frozenset[int]
) -> None:
    """Carry stdin, output and the exit status until the command or the client ends."""
    reading = asyncio.create_task(_read(socket, session, streams), name="exec stdin")
    writing = asyncio.create_task(_write(socket, session, streams), name="exec output")
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        if writing.done():
            await writing
            await _finish(socket, await session.exit_code())
    except ConnectionError:
        # The client is gone; what is left is to end the command, below.
        return
    finally:
        for task in (reading, writing):
            task.cancel()
        # Shielded: the server may stop while the client leaves, and the command must end anyway.
        await asyncio.shield(session.kill())
        await asyncio.gather(reading, writing, return_exceptions=True)
        await say_goodbye(socket)


def content(message: WSMessage) -> bytes:
    """The bytes of a frame that carries data, text as UTF-8; none for any other."""
    if message.type is WSMsgType.TEXT:
        text: str = message.data
        return text.encode()
    return bytes(message.data) if message.type is WSMsgType.BINARY else b""


async def say_goodbye(socket: web.WebSocketResponse) -> None:
    """Close in order; in a request that is cancelled the client has GOODBYE_SECONDS for it.

    In any other it may be slow to read what it was sent before the goodbye.
    """
    task = asyncio.current_task()
    cancelled = task is not None and task.cancelling() > 0
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS if cancelled else None):
            await socket.close()


async def refuse(socket: web.WebSocketResponse, status: Mapping[str, Any]) -> None:
    """End a conversation that cannot start, with its reason."""
    await socket.send_bytes(bytes([ERROR]) + json.dumps(status).encode())
    await socket.close()


async def _read(
    socket: web.WebSocketResponse, session: ExecSession, streams: frozenset[int]
) -> None:
    async for message in socket:
        frame = content(message)
        if not frame:
            continue
        channel, data = frame[0], frame[1:]
        if channel == STDIN and STDIN in streams:
            await session.write(data)
        elif channel == CLOSE and data[:1] == bytes([STDIN]):
            await session.close_stdin()
        elif channel == RESIZE:
            _resize(session, data)


def _resize(session: ExecSession, data: bytes) -> None:
    try:
        size = json.loads(data)
        width, height = int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if 0 < width < 10_000 and 0 < height < 10_000:
        session.resize(width, height)


async def _write(
    socket: web.WebSocketResponse, session: ExecSession, streams: frozenset[int]
) -> None:
    async for channel, data in session.output():
        if channel in streams:
            await socket.send_bytes(bytes([channel]) + data)


async def _finish(socket: web.WebSocketResponse, code: int) -> None:
    status: dict[str, Any] = {"metadata": {}, "status": "Success"}
    if code:
        status = failure(
            500,
            "NonZeroExitCode",
            f"command terminated with non-zero exit code: exit status {code}",
            {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        )
    await socket.send_bytes(bytes([ERROR]) + json.dumps(status).encode())
