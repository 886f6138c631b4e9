"""The stand-in for the world outside the mesh."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from harness.local.outside import Outside

HOST = "jsonplaceholder.typicode.com"


async def ask(path: str, host: str, method: str = "GET") -> tuple[int, bytes, str]:
    outside = Outside()
    address, port = await outside.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, f"http://{address}:{port}{path}", headers={"Host": host}
            ) as answer,
        ):
            return answer.status, await answer.read(), answer.headers["content-type"]
    finally:
        await outside.stop()


@pytest.mark.parametrize("host", [HOST, f"{HOST}:80", HOST.upper(), f"{HOST}."])
def test_the_users_are_those_of_the_public_api_byte_for_byte(host: str):
    status, body, kind = asyncio.run(ask("/users", host))
    assert (status, len(body)) == (200, 5645)
    assert kind == "application/json; charset=utf-8"
    users = json.loads(body)
    assert [user["id"] for user in users] == list(range(1, 11))
    assert json.dumps(users, indent=2).encode() == body
    assert users[0]["company"]["catchPhrase"] == "Multi-layered client-server neural-net"
    assert users[1]["address"]["geo"] == {"lat": "-43.9509", "lng": "-34.4618"}
    assert users[2]["address"]["zipcode"] == "59590-4157"
    assert users[9]["name"] == "Clementina DuBuque"


@pytest.mark.parametrize(
    ("path", "host", "method", "status", "words"),
    [
        ("/users", "example.com", "GET", 502, "does not know the host 'example.com'"),
        ("/posts", HOST, "GET", 404, "answers /users only, not /posts"),
        ("/users", HOST, "POST", 405, "answers GET /users only"),
    ],
)
def test_what_it_does_not_know_it_says(path: str, host: str, method: str, status: int, words: str):
    got, body, _ = asyncio.run(ask(path, host, method))
    assert got == status
    assert words in body.decode()
    assert method == "POST" or "EXTERNAL=live" in body.decode()


def test_it_stops_listening():
    async def scenario() -> None:
        outside = Outside()
        address, port = await outside.start()
        await outside.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address, port)

    asyncio.run(scenario())
