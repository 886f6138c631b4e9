"""The part of SPDY/3.1 that ``kubectl port-forward`` speaks: bytes to frames and back. No I/O.

Layout: SPDY Protocol, Draft 3.1. Flow control is left out, as in the client's library
(github.com/moby/spdystream), which ignores WINDOW_UPDATE and sends none.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.local.apiserver.spdy_dictionary import DICTIONARY

MAX_FRAME: Final = 1 << 20
"""Bytes of one frame; kubectl sends at most 32 KiB of data in one."""
MAX_HEADERS: Final = 1 << 16
"""Bytes of decompressed headers of one frame."""
_VERSION: Final = 3
_FIN: Final = 1
_SYN_STREAM: Final = 1
_SYN_REPLY: Final = 2
_RST_STREAM: Final = 3
_PING: Final = 6
_GOAWAY: Final = 7
_CANCEL: Final = 5


class SpdyError(ValueError):
    """The peer does not speak SPDY/3.1 as we know it; says what was met."""


@dataclass(frozen=True, slots=True)
class Open:
    """SYN_STREAM: the peer opens a stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    last: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; ``last`` half-closes it."""

    stream: int
    payload: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """RST_STREAM: the peer gives a stream up."""

    stream: int


@dataclass(frozen=True, slots=True)
class Ping:
    """PING: to be echoed."""

    number: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """GOAWAY: the peer is leaving."""


Frame = Open | Data | Reset | Ping | GoAway


class Decoder:
    """One direction of a session: feed bytes in any pieces, take frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames completed by these bytes; SpdyError if they are none."""
        self._buffer += data
        while len(self._buffer) >= 8:
            head, rest = struct.unpack_from(">II", self._buffer)
            flags, length = rest >> 24, rest & 0xFFFFFF
            if length > MAX_FRAME:
                raise SpdyError(f"a frame of {length} bytes is longer than {MAX_FRAME}")
            if len(self._buffer) < 8 + length:
                return
            payload = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if not head >> 31:
                yield Data(head, payload, bool(flags & _FIN))
                continue
            version, kind = (head >> 16) & 0x7FFF, head & 0xFFFF
            if version != _VERSION:
                raise SpdyError(f"SPDY version {version} is not {_VERSION}")
            frame = self._control(kind, flags, payload)
            if frame is not None:
                yield frame

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame | None:
        try:
            if kind == _SYN_STREAM:
                stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
                return Open(stream, self._headers(payload[10:]), bool(flags & _FIN))
            if kind == _RST_STREAM:
                return Reset(struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF)
            if kind == _PING:
                return Ping(struct.unpack_from(">I", payload)[0])
        except (struct.error, UnicodeDecodeError, zlib.error) as error:
            raise SpdyError(f"a control frame of type {kind} is malformed: {error}") from error
        # SETTINGS, HEADERS and WINDOW_UPDATE change nothing for a forwarder.
        return GoAway() if kind == _GOAWAY else None

    def _headers(self, compressed: bytes) -> dict[str, str]:
        block = self._inflate.decompress(compressed, MAX_HEADERS)
        if self._inflate.unconsumed_tail:
            raise SpdyError(f"headers are longer than {MAX_HEADERS} bytes")
        count = struct.unpack_from(">I", block)[0]
        position, texts = 4, []
        for _ in range(2 * min(count, 1000)):
            length = struct.unpack_from(">I", block, position)[0]
            position += 4
            if position + length > len(block):
                raise SpdyError("a header is longer than its frame")
            texts.append(block[position : position + length].decode())
            position += length
        return dict(zip(texts[::2], texts[1::2], strict=True))


class Encoder:
    """The other direction: frames to bytes, to be sent in the order they were made."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers: the stream is accepted."""
        empty = self._deflate.compress(struct.pack(">I", 0))
        block = empty + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(_SYN_REPLY, struct.pack(">I", stream) + block)

    def data(self, stream: int, payload: bytes, *, last: bool = False) -> bytes:
        """Bytes of a stream."""
        flags = _FIN if last else 0
        return struct.pack(">II", stream, (flags << 24) | len(payload)) + payload

    def reset(self, stream: int) -> bytes:
        """RST_STREAM: give a stream up."""
        return _control(_RST_STREAM, struct.pack(">II", stream, _CANCEL))

    def ping(self, number: int) -> bytes:
        """The echo of a PING."""
        return _control(_PING, struct.pack(">I", number))


def _control(kind: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | _VERSION, kind, len(payload)) + payload
