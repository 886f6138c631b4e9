"""The ADS endpoint on a Unix socket: one stream per proxy, each with its session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import json_format

from harness.local.contracts import ProxyIdentity
from harness.local.pilot.ads.session import Answer, Session
from harness.local.pilot.translate import Resources

log = logging.getLogger(__name__)

Compile = Callable[[ProxyIdentity], Resources]
Hear = Callable[[ProxyIdentity, Answer], None]


@dataclass(slots=True, eq=False)
class _Connection:
    identity: ProxyIdentity
    session: Session = field(default_factory=Session)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class AdsServer(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):  # type: ignore[misc]
    """Streams of resources. ``compile`` says what a proxy is to have, ``hear`` gets its answers."""

    def __init__(self, compile: Compile, hear: Hear) -> None:
        self._compile = compile
        self._hear = hear
        self._connections: dict[tuple[str, str], _Connection] = {}
        self._server: Any = None

    async def start(self, socket_path: str) -> None:
        """Listen on a Unix socket that only this user may open. OSError if it cannot."""
        _forget(socket_path)
        self._server = grpc.aio.server()
        ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(self, self._server)
        try:
            self._server.add_insecure_port(f"unix:{socket_path}")
        except RuntimeError as error:
            # gRPC's own error for a bind that failed; why, it tells its log only.
            raise OSError(f"gRPC cannot bind {socket_path}") from error
        await self._server.start()
        _make_private(socket_path)

    async def stop(self) -> None:
        """Close every stream and the socket."""
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None

    def push(self) -> None:
        """Ask anew what every connected proxy is to have, and send what changed."""
        for connection in self._connections.values():
            connection.session.want(self._compile(connection.identity))
            connection.news.set()

    def session(self, namespace: str, pod: str) -> Session | None:
        """The session of a connected proxy."""
        connection = self._connections.get((namespace, pod))
        return None if connection is None else connection.session

    async def StreamAggregatedResources(  # noqa: N802 - the name gRPC generates
        self, request_iterator: AsyncIterator[discovery_pb2.DiscoveryRequest], context: Any
    ) -> AsyncIterator[discovery_pb2.DiscoveryResponse]:
        """Serve one proxy until it disconnects."""
        first = await anext(aiter(request_iterator), None)
        if first is None:
            return
        try:
            identity = _identify(first)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return
        connection = _Connection(identity)
        key = (identity.namespace, identity.pod)
        self._connections[key] = connection
        connection.session.want(self._compile(identity))
        self._receive(connection, first)
        reader = asyncio.create_task(self._read(connection, request_iterator))
        try:
            while not reader.done():
                connection.news.clear()
                for response in connection.session.due():
                    yield response
                await connection.news.wait()
            reader.result()
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            if self._connections.get(key) is connection:
                del self._connections[key]

    async def _read(
        self,
        connection: _Connection,
        requests: AsyncIterator[discovery_pb2.DiscoveryRequest],
    ) -> None:
        try:
            async for request in requests:
                self._receive(connection, request)
        finally:
            connection.news.set()

    def _receive(self, connection: _Connection, request: discovery_pb2.DiscoveryRequest) -> None:
        try:
            answer = connection.session.receive(request)
        except ValueError:
            log.warning(
                "%s asks for %s, which is not served", connection.identity.pod, request.type_url
            )
            return
        if answer is not None:
            self._hear(connection.identity, answer)
        connection.news.set()


def _forget(socket_path: str) -> None:
    """A socket left behind by a killed process cannot be bound again."""
    Path(socket_path).unlink(missing_ok=True)


def _make_private(socket_path: str) -> None:
    Path(socket_path).chmod(0o600)


def _identify(request: discovery_pb2.DiscoveryRequest) -> ProxyIdentity:
    metadata = json_format.MessageToDict(request.node.metadata)
    return ProxyIdentity.parse(request.node.id, metadata)
