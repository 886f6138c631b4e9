"""The HTTPS server: start, stop, and what every request passes through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError, HttpVersion11, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from harness.local.apiserver import bodies
from harness.local.apiserver.answers import json_response
from harness.local.apiserver.discovery import VERSION
from harness.local.apiserver.gate import admit_client
from harness.local.apiserver.opening import Opening, Rooms
from harness.local.apiserver.routes import Routes
from harness.local.apiserver.statuses import Refusal, failure, status_of
from harness.local.contracts import Admit, NodeAgent, NodeError
from harness.local.credentials import ADDRESS, Credentials
from harness.local.store import Store, StoreError

HANDSHAKE_SECONDS: Final = 10.0
"""For a client to finish its TLS handshake."""
BODY_SECONDS: Final = 30.0
"""For a request's body to arrive."""
SHUTDOWN_SECONDS: Final = 0.5
"""For a client to say goodbye, and for answers under way when the server stops. Watches and logs
are ended at once."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_log = logging.getLogger(__name__)
_protocol_log = logging.getLogger(f"{__name__}.protocol")


def _is_a_fault(record: logging.LogRecord) -> bool:
    """Not a client's malformed HTTP, which anybody may send: the 400 it is answered says it all."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_protocol_log.addFilter(_is_a_fault)


class ApiServer:
    """Serves one store. Ephemeral like it: a new start has new credentials.

    Reads are answered once it is started, writes once it is open.
    """

    def __init__(
        self,
        store: Store,
        *,
        credentials: Credentials,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._now = now
        self._opening = Opening()
        self._routes = Routes(store, self._opening, now)
        self._protocols: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._streams: set[asyncio.Task[object]] = set()

    @property
    def kubernetes_version(self) -> str:
        """gitVersion of ``/version``."""
        return VERSION

    async def start(self, host: str = ADDRESS, port: int = 0) -> int:
        """Listen on a loopback address and return the port. OSError if it is taken."""
        if host not in ("127.0.0.1", "localhost"):
            raise ValueError(f"the API server listens on loopback only, not on {host}")
        # Not a web.Application: its router and middlewares take a tenth of every request, and the
        # paths of this API are not known to a router but to ``routes``.
        self._protocols = web.Server(
            self._answer,
            request_factory=_Request,
            handler_cancellation=True,
            logger=_protocol_log,
            access_log=None,
            auto_decompress=False,
        )
        # Not a web.TCPSite: it cannot bound how long a silent client may hold a TLS handshake
        # or a goodbye (asyncio waits 60 s and 30 s).
        self._listener = await asyncio.get_running_loop().create_server(
            self._protocols,
            host,
            port,
            ssl=self._credentials.server_context(),
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    def open(self, *, admit: Admit, node: NodeAgent) -> None:
        """Take writes from now on: ``admit`` judges Istio objects, ``node`` runs pods."""
        # Nothing is written before: reads need not wait for these.
        from harness.local.apiserver.validation import Validation
        from harness.local.apiserver.writes import Writer

        writer = Writer(self._store, Validation(admit).judge, self._now)
        self._opening.open(Rooms(writer, node))

    async def stop(self) -> None:
        """Stop listening and end every request under way. May be called twice."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        protocols, self._protocols = self._protocols, None
        if protocols is not None:
            # What has been read by now begins to be answered in this turn of the loop.
            await asyncio.sleep(0)
            protocols.pre_shutdown()
            await self._end_streams()
            await protocols.shutdown(SHUTDOWN_SECONDS)

    async def _end_streams(self) -> None:
        """What does not end in time is left to the shutdown of its connection."""
        for task in self._streams:
            task.cancel()
        if self._streams:
            await asyncio.wait(self._streams, timeout=SHUTDOWN_SECONDS)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Let in who may; turn every refusal into a Status; never answer 5xx to bad input."""
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            admit_client(request.headers, self._credentials.token)
            await _meet_expectation(request)
            return await self._routes.answer(request)
        except (Refusal, StoreError, NodeError) as error:
            headers: Mapping[str, str] = error.headers if isinstance(error, Refusal) else {}
            status = status_of(error)
            return json_response(status, error.code, headers)
        except web.HTTPRequestEntityTooLarge:
            message = f"limit is {bodies.LIMIT} bytes"
            return json_response(failure(413, "RequestEntityTooLarge", message), 413)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:
            _log.exception("%s %s", request.method, request.path)
            message = f"this is a fault of the local cluster: {error!r}"
            return json_response(failure(500, "InternalError", message), 500)
        finally:
            self._streams.discard(task)


async def _meet_expectation(request: web.BaseRequest) -> None:
    """Ask for the body that waits for it; Refusal 417 (RFC 9110, 10.1.1)."""
    expected = request.headers.get(hdrs.EXPECT, "").strip()
    # A client of HTTP/1.0 would take the interim response for the answer.
    if not expected or request.version < HttpVersion11:
        return
    if expected.lower() != "100-continue":
        raise Refusal(
            417,
            "ExpectationFailed",
            f"Expect: {expected[:40]!r} cannot be met; leave it out or send 100-continue",
        )
    await request.writer.write(CONTINUE)


class _Request(web.BaseRequest):
    """A request whose body has a limit in bytes and in time."""

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            message, payload, protocol, writer, task, loop, client_max_size=bodies.LIMIT
        )

    async def read(self) -> bytes:
        """The body; Refusal 408. aiohttp waits for ever behind a chunk that has no size."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await super().read()
        except TimeoutError as error:
            message = f"the request body has not arrived within {BODY_SECONDS:g} s; send it again"
            raise Refusal(408, "Timeout", message, headers={"Connection": "close"}) from error
