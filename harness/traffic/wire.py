"""HTTP/1.1 on the wire, as far as a sender of GETs needs it: bytes out, one answer in.

Own code rather than a client library because the sender must not be the bottleneck and must
not retry: http.client manages a third of the requests per second, and the pooled libraries send
a request again when a kept-alive connection turns out to be closed. Framing: RFC 9112, 6 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import ChapterError
from harness.model import Request

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of status line and headers, or of one chunk's size line and of trailers."""
LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes of body; more is not an answer of this shop."""

CLOSED_UNANSWERED: Final = "closed without an answer"
CLOSED_HALFWAY: Final = "closed in the middle of the answer"
RESET: Final = "reset"
REFUSED: Final = "refused"
MALFORMED: Final = "malformed answer"

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET: Final = re.compile(r"/[!-~]*")
_HOST: Final = re.compile(r"[!-~]+")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?")


class BadAnswer(Exception):
    """The bytes that came are no complete HTTP answer; the message is the Answer's ``error``."""


@dataclass(frozen=True, slots=True)
class Message:
    """A complete answer. Header names are lower-cased, repeated ones joined by ``, ``."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool
    """Whether another request may be sent on the same connection."""


SENDER: Final = "istio-chapter-harness"
"""User-Agent of a request that names none."""


def encode(request: Request, sender: str = SENDER) -> bytes:
    """The request's bytes; Host and path go out exactly as given.

    ``sender`` is the User-Agent, unless the request names one.

    Raises ChapterError for what would not arrive as it was written.
    """
    if not _TARGET.fullmatch(request.path):
        raise ChapterError(
            f"the request path {request.path!r} cannot be sent", "start it with /, escape the rest"
        )
    if not _HOST.fullmatch(request.host):
        raise ChapterError(f"the Host {request.host!r} cannot be sent", "give a host name")
    fields = [f"GET {request.path} HTTP/1.1", f"Host: {request.host}"]
    names = {name.lower() for name in request.headers}
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ChapterError(f"the header {name!r}: {value!r} cannot be sent", "correct it")
        if name.lower() in {"host", "connection", "content-length", "transfer-encoding"}:
            raise ChapterError(f"the header {name} is the sender's own", "leave it out")
        fields.append(f"{name}: {value}")
    fields += [
        f"{name}: {value}"
        for name, value in (("User-Agent", sender), ("Accept", "*/*"))
        if name.lower() not in names
    ]
    return "\r\n".join([*fields, "", ""]).encode("latin-1")


class Inbox:
    """Buffers what ``receive`` brings. ``receive`` returns b"" at the end of the stream."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = b""
        self._started = False

    def expect_answer(self) -> None:
        """The next byte is the first of an answer: what an early end is called depends on it."""
        self._started = False

    @property
    def pending(self) -> bool:
        """Whether bytes are left over that no answer accounts for."""
        return bool(self._buffer)

    def until(self, mark: bytes) -> bytes:
        """Everything before ``mark``, which is dropped. BadAnswer beyond LARGEST_HEAD."""
        searched = 0
        while (at := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > LARGEST_HEAD:
                raise BadAnswer(f"{MALFORMED}: head too long")
            searched = max(0, len(self._buffer) - len(mark) + 1)
            self._more()
        found, self._buffer = self._buffer[:at], self._buffer[at + len(mark) :]
        return found

    def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes. BadAnswer beyond LARGEST_BODY."""
        if size > LARGEST_BODY:
            raise BadAnswer(f"{MALFORMED}: body too long")
        if len(self._buffer) < size:
            parts, have = [self._buffer], len(self._buffer)
            self._buffer = b""
            while have < size:
                self._more()
                parts.append(self._buffer)
                have += len(self._buffer)
                self._buffer = b""
            self._buffer = b"".join(parts)
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def to_the_end(self) -> bytes:
        """Everything until the server closes. BadAnswer beyond LARGEST_BODY."""
        parts, size = [self._buffer], len(self._buffer)
        self._buffer = b""
        while more := self._receive():
            size += len(more)
            if size > LARGEST_BODY:
                raise BadAnswer(f"{MALFORMED}: body too long")
            parts.append(more)
        return b"".join(parts)

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise BadAnswer(CLOSED_HALFWAY if self._started else CLOSED_UNANSWERED)
        self._started = True
        self._buffer += data


def read_answer(inbox: Inbox) -> Message:
    """The next final answer to a GET; interim (1xx) answers are passed over.

    Raises BadAnswer, and whatever the inbox's ``receive`` raises.
    """
    inbox.expect_answer()
    while True:
        head = inbox.until(b"\r\n\r\n")
        status_line, *lines = head.split(b"\r\n")
        matched = _STATUS_LINE.fullmatch(status_line)
        if not matched:
            raise BadAnswer(f"{MALFORMED}: status line")
        status = int(matched[2])
        headers = _headers(lines)
        if status == 101:
            raise BadAnswer(f"{MALFORMED}: protocol switched")
        if status >= 200:
            break
    options = _options(headers.get("connection", ""))
    reusable = "close" not in options if matched[1] == b"1" else "keep-alive" in options
    body, delimited = _body(inbox, status, headers)
    return Message(status, headers, body, reusable and delimited)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise BadAnswer(f"{MALFORMED}: header line")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _options(value: str) -> set[str]:
    return {option.strip().lower() for option in value.split(",")}


def _body(inbox: Inbox, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """The body, and whether its end was marked otherwise than by closing (RFC 9112, 6.3)."""
    if status in (204, 304):
        return b"", True
    if "transfer-encoding" in headers:
        codings = [coding.strip().lower() for coding in headers["transfer-encoding"].split(",")]
        if codings != ["chunked"]:
            raise BadAnswer(f"{MALFORMED}: Transfer-Encoding")
        # Both lengths at once may be an attempt at smuggling: usable, but not the connection.
        return _chunked(inbox), "content-length" not in headers
    if "content-length" in headers:
        lengths = {length.strip() for length in headers["content-length"].split(",")}
        if len(lengths) != 1 or not _DIGITS.fullmatch(length := lengths.pop()):
            raise BadAnswer(f"{MALFORMED}: Content-Length")
        return inbox.exactly(int(length)), True
    return inbox.to_the_end(), False


def _chunked(inbox: Inbox) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        matched = _CHUNK_SIZE.fullmatch(inbox.until(b"\r\n"))
        if not matched:
            raise BadAnswer(f"{MALFORMED}: chunk size")
        size = int(matched[1], 16)
        if not size:
            break
        total += size
        if total > LARGEST_BODY:
            raise BadAnswer(f"{MALFORMED}: body too long")
        parts.append(inbox.exactly(size))
        if inbox.exactly(2) != b"\r\n":
            raise BadAnswer(f"{MALFORMED}: chunk end")
    while inbox.until(b"\r\n"):
        pass  # trailers carry nothing a label depends on
    return b"".join(parts)
