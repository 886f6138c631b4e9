"""Commands that the node agent answers by asking Envoy, and the exchange they use."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from harness.local.node.exchange import exchange
from harness.local.node.proxy_commands import AdminCall, Refusal, answer, understand
from tests.local.node.node_rig import collect


@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("pilot-agent request GET config_dump", AdminCall("GET", "config_dump")),
        ("/usr/local/bin/pilot-agent request get stats", AdminCall("GET", "stats")),
        ("pilot-agent request POST logging?level=debug", AdminCall("POST", "logging?level=debug")),
        ("pilot-agent request POST x body", AdminCall("POST", "x", b"body")),
        ("curl localhost:15000/stats", AdminCall("GET", "/stats", fail=False)),
        ("curl -sS http://127.0.0.1:15000", AdminCall("GET", "/", fail=False)),
        ("curl -s -f localhost:15000/x", AdminCall("GET", "/x", fail=True)),
        ("curl -XPOST localhost:15000/q?a=1", AdminCall("POST", "/q?a=1", fail=False)),
        ("curl -X POST localhost:15000/q", AdminCall("POST", "/q", fail=False)),
        ("curl -d a=1 localhost:15000/q", AdminCall("POST", "/q", b"a=1", fail=False)),
        ("curl http://example.com/", None),
        ("ls -l", None),
        ("", None),
    ],
)
def test_what_is_understood(command: str, call: AdminCall | None):
    assert understand(command.split()) == call


@pytest.mark.parametrize(
    ("command", "words", "code"),
    [
        ("pilot-agent proxy sidecar", 'unknown command "proxy"', 1),
        ("pilot-agent", 'unknown command ""', 1),
        ("pilot-agent request GET", "takes a method and a path", 1),
        ("curl --http2 localhost:15000/", "does not know '--http2'", 2),
    ],
)
def test_what_is_refused(command: str, words: str, code: int):
    refusal = understand(command.split())
    assert isinstance(refusal, Refusal)
    assert words in refusal.message
    assert refusal.code == code
    result = asyncio.run(answered(refusal, "/none"))
    assert (result[0], result[1]) == (code, "")
    assert words in result[2]


BIG = "0123456789abcdef" * 200_000


@asynccontextmanager
async def admin() -> AsyncIterator[str]:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {await request.text()}")

    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for start in range(0, len(BIG), 100_001):
            await response.write(BIG[start : start + 100_001].encode())
        return response

    async def binary(_: web.Request) -> web.Response:
        return web.Response(body=bytes(range(256)))

    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/chunked", chunked)
    app.router.add_get("/binary", binary)
    with tempfile.TemporaryDirectory(prefix="h") as folder:
        runner = web.AppRunner(app)
        await runner.setup()
        path = f"{folder}/admin.sock"
        await web.UnixSite(runner, path).start()
        try:
            yield path
        finally:
            await runner.cleanup()


async def answered(call: AdminCall | Refusal, socket: str) -> tuple[int, str, str]:
    return await collect(await answer(call, socket))


def test_answers_come_whole_whatever_their_size_and_coding():
    async def scenario() -> None:
        async with admin() as socket:
            assert await answered(AdminCall("GET", "chunked"), socket) == (0, BIG, "")
            assert await answered(AdminCall("POST", "/echo", b"hi"), socket) == (0, "POST hi", "")
            assert (await exchange(socket, "/binary")).body == bytes(range(256))
            code, out, error = await answered(AdminCall("GET", "/none"), socket)
            assert (code, out) == (1, "")
            assert "unsuccessful status code 404" in error
            assert (await answered(AdminCall("GET", "/none", fail=False), socket))[0] == 0

    asyncio.run(scenario())


def test_an_envoy_that_does_not_answer_is_an_error(tmp_path: Path):
    code, _, error = asyncio.run(answered(AdminCall("GET", "/x"), str(tmp_path / "none.sock")))
    assert code == 1
    assert "admin interface does not answer" in error


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
    ],
)
def test_a_broken_answer_is_no_answer(said: bytes):
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(broken, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises((OSError, ValueError), match=r"cut off|not an HTTP answer"):
                await exchange(("127.0.0.1", port), "/")

    asyncio.run(scenario())
