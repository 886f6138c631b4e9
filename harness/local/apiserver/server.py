"""The HTTPS server: start, stop, and what every request passes through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from harness.local.apiserver import bodies
from harness.local.apiserver.answers import json_response
from harness.local.apiserver.discovery import VERSION
from harness.local.apiserver.gate import admit_client
from harness.local.apiserver.opening import Opening, Rooms
from harness.local.apiserver.routes import Routes
from harness.local.apiserver.statuses import Refusal, failure, status_of, unknown_path
from harness.local.contracts import Admit, NodeAgent, NodeError
from harness.local.credentials import ADDRESS, Credentials
from harness.local.store import Store, StoreError

HANDSHAKE_SECONDS: Final = 10.0
"""For a client to finish its TLS handshake."""
SHUTDOWN_SECONDS: Final = 0.5
"""For a client to say goodbye, and for answers under way when the server stops. Watches and logs
are ended at once."""

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        self._runner: web.AppRunner | None = None
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
        app = web.Application(middlewares=[self._guard], client_max_size=bodies.LIMIT, logger=_log)
        app.router.add_route("*", "/{path:.*}", self._routes.answer)
        app.on_shutdown.append(self._end_streams)
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            auto_decompress=False,
        )
        await self._runner.setup()
        protocols = self._runner.server
        assert protocols is not None
        # Not a web.TCPSite: it cannot bound how long a silent client may hold a TLS handshake
        # or a goodbye (asyncio waits 60 s and 30 s).
        self._listener = await asyncio.get_running_loop().create_server(
            protocols,
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
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _end_streams(self, _: web.Application) -> None:
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may; turn every refusal into a Status; never answer 5xx to bad input."""
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            admit_client(request.headers, self._credentials.token)
            return await handler(request)
        except (Refusal, StoreError, NodeError) as error:
            headers: Mapping[str, str] = error.headers if isinstance(error, Refusal) else {}
            status = status_of(error)
            return json_response(status, error.code, headers)
        except web.HTTPNotFound:
            # The router's own: a path with a line feed matches no pattern.
            return json_response(status_of(unknown_path()), 404)
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
