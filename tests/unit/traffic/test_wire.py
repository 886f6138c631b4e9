"""Bytes to answers, however they are cut into pieces."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ChapterError
from harness.model import Request
from harness.traffic import wire
from harness.traffic.wire import BadAnswer, Inbox, Message, encode, read_answer


def inbox_of(*pieces: bytes) -> Inbox:
    """An inbox that receives these pieces (none empty), then the end of the stream."""
    left = iter([piece for piece in pieces if piece])
    return Inbox(lambda: next(left, b""))


def read(data: bytes) -> Message:
    return read_answer(inbox_of(data))


def chunked(body: bytes, cuts: list[int]) -> bytes:
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [body[a:b] for a, b in pairwise(edges)]
    return b"".join(b"%X;x=y\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


BODIES = st.binary(max_size=60) | st.sampled_from(
    [b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"0\r\n"]
)
CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@settings(deadline=None)
@given(bodies=st.lists(st.tuples(BODIES, st.booleans(), CUTS), min_size=1, max_size=4), cuts=CUTS)
def test_answers_in_a_row_come_out_whole_however_they_arrive(
    bodies: list[tuple[bytes, bool, list[int]]], cuts: list[int]
) -> None:
    stream = b""
    for body, in_chunks, chunk_cuts in bodies:
        if in_chunks:
            stream += b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            stream += chunked(body, chunk_cuts)
        else:
            stream += b"HTTP/1.1 503 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    inbox = inbox_of(*(stream[a:b] for a, b in pairwise(edges)))
    for body, in_chunks, _ in bodies:
        message = read_answer(inbox)
        assert message.body == body
        assert message.status == (200 if in_chunks else 503)
        assert message.reusable
    assert not inbox.pending
    with pytest.raises(BadAnswer, match="closed without an answer"):
        read_answer(inbox)


@settings(deadline=None)
@given(data=st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"HTTP/1.1 200 " + b))
def test_no_bytes_whatever_bring_anything_but_an_answer_or_a_bad_answer(data: bytes) -> None:
    message = None
    with suppress(BadAnswer):
        message = read(data)
    assert message is None or 200 <= message.status <= 599


@settings(deadline=None)
@given(cut=st.integers(0, 10_000), in_chunks=st.booleans())
def test_every_proper_beginning_of_an_answer_is_a_bad_answer(cut: int, in_chunks: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: 9"
    whole = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n"
    whole += chunked(b"some body", [3, 6]) if in_chunks else b"some body"
    part = whole[: cut % len(whole)]
    with pytest.raises(BadAnswer, match="in the middle" if part else "without an answer"):
        read(part)


def test_headers_are_lower_cased_and_repeats_joined() -> None:
    message = read(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2 \r\nContent-Length: 0\r\n\r\n")
    assert message.headers == {"x-a": "1, 2", "content-length": "0"}


def test_interim_answers_are_passed_over() -> None:
    message = read(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA"
    )
    assert (message.status, message.body, "link" in message.headers) == (200, b"A", False)


def test_trailers_are_read_away() -> None:
    inbox = inbox_of(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nA\r\n0\r\nT: 1\r\nU: 2\r\n\r\n"
    )
    message = read_answer(inbox)
    assert (message.body, message.reusable, inbox.pending) == (b"A", True, False)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(status: int) -> None:
    message = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert (message.body, message.reusable) == (b"", True)


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0, 0", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: foo, CLOSE", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive", True),
        (b"HTTP/1.1 200 OK", False),
    ],
)
def test_when_a_connection_may_be_used_again(head: bytes, reusable: bool) -> None:
    assert read(head + b"\r\n\r\n").reusable is reusable


def test_two_lengths_at_once_end_the_connection() -> None:
    message = read(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nA\r\n0\r\n\r\n"
    )
    assert (message.body, message.reusable) == (b"A", False)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"ICY 200 OK\r\n\r\n", "status line"),
        (b"HTTP/2 200\r\n\r\n", "status line"),
        (b"HTTP/1.1 099 X\r\n\r\n", "status line"),
        (b"HTTP/1.1 101 X\r\n\r\n", "protocol switched"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header line"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "header line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "body too long"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nABC\r\n", "chunk end"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
            "body too long",
        ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * (wire.LARGEST_HEAD + 9), "head too long"),
    ],
)
def test_malformed_answers_say_what_is_wrong(data: bytes, what: str) -> None:
    with pytest.raises(BadAnswer, match=f"malformed answer: {what}"):
        read(data)


def test_an_endless_body_is_given_up() -> None:
    head = iter([b"HTTP/1.1 200 OK\r\n\r\n"])
    with pytest.raises(BadAnswer, match="body too long"):
        read_answer(Inbox(lambda: next(head, b"x" * 1_000_000)))


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request("items", "h"), "path"),
        (Request("/a b", "h"), "path"),
        (Request("/a\r\nX: y", "h"), "path"),
        (Request("/é", "h"), "path"),
        (Request("/", ""), "Host"),
        (Request("/", "h\r\nX: y"), "Host"),
        (Request("/", "h", {"x y": "1"}), "header 'x y'"),
        (Request("/", "h", {"x": "1\r\nY: 2"}), "cannot be sent"),
        (Request("/", "h", {"x": "☃"}), "cannot be sent"),
        (Request("/", "h", {"Host": "other"}), "sender's own"),
        (Request("/", "h", {"content-length": "3"}), "sender's own"),
    ],
)
def test_requests_that_would_not_arrive_as_written_are_refused(
    request_: Request, says: str
) -> None:
    with pytest.raises(ChapterError, match=says):
        encode(request_)


def test_a_header_of_the_request_replaces_the_senders() -> None:
    sent = encode(Request("/", "h", {"user-agent": "curl/8"}))
    assert b"user-agent: curl/8\r\n" in sent
    assert b"istio-chapter" not in sent
