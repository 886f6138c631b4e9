"""The stand-in's server: one loopback port, answers by Host header.

The users are JSONPlaceholder's (typicode/jsonplaceholder, MIT licence), in the bytes that
http://jsonplaceholder.typicode.com/users answers with.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from aiohttp import web

USERS_HOST: Final = "jsonplaceholder.typicode.com"
ADDRESS: Final = "127.0.0.1"


class Outside:
    """The world outside the mesh, as far as it is built in."""

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._users = files(__package__ or __name__).joinpath("users.json").read_bytes()

    async def start(self) -> tuple[str, int]:
        """Listen on a free loopback port; returns its host and port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, ADDRESS, 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        host = request.host.partition(":")[0].lower().rstrip(".")
        if host != USERS_HOST:
            return _text(
                502,
                f"The built-in stand-in for the outside world does not know the host {host!r}; "
                f"it knows {USERS_HOST}. EXTERNAL=live reaches the real one.\n",
            )
        if request.path.rstrip("/") != "/users":
            return _text(
                404,
                f"The built-in stand-in for {host} answers /users only, not {request.path}. "
                "EXTERNAL=live reaches the real one.\n",
            )
        if request.method not in ("GET", "HEAD"):
            return _text(405, f"The built-in stand-in for {host} answers GET /users only.\n")
        return web.Response(body=self._users, content_type="application/json", charset="utf-8")


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"x-stand-in": "outside"})
