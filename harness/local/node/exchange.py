"""One HTTP exchange with a server on a Unix socket or a TCP address: Envoy's admin interface
and HTTP probes.

Plain HTTP/1.1, one connection each: nothing to set up, so that reading a configuration dump
costs what Envoy needs to write it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 1 << 20
"""Bytes the stream reader buffers."""

Address = str | tuple[str, int]
"""Path of a Unix socket, or host and port."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code and body."""

    status: int
    body: bytes


async def exchange(
    address: Address,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Ask; OSError if nothing listens or it hangs up, ValueError if the answer is no HTTP."""
    if isinstance(address, str):
        reader, writer = await asyncio.open_unix_connection(address, limit=LIMIT)
    else:
        reader, writer = await asyncio.open_connection(*address, limit=LIMIT)
    try:
        writer.write(_request(path, method, headers or {}, body))
        status, received = await _head(reader)
        if received.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, await _chunks(reader))
        if "content-length" in received:
            return Answer(status, await reader.readexactly(int(received["content-length"])))
        return Answer(status, await reader.read())
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionError(f"{method} {path}: the answer was cut off") from error
    finally:
        writer.close()


def _request(path: str, method: str, headers: Mapping[str, str], body: bytes) -> bytes:
    target = path if path.startswith("/") else f"/{path}"
    lines = {"host": "localhost", "connection": "close", "content-length": str(len(body))}
    lines |= {name.lower(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text.rstrip().split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/") or not rest[:3].isdigit():
        raise ValueError(f"not an HTTP answer: {first[:80]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(rest[:3]), headers


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)
