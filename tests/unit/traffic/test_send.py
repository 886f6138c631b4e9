"""Real sockets: well-behaved servers, and every way in which one misbehaves."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from harness.errors import ChapterError, StepFailed, UsageError
from harness.model import Answer, Request
from harness.traffic import Timeouts, send
from harness.traffic.connection import Connection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = Request("/items", "catalog.istioinaction.io", {"x-istio-cohort": "internal"})
SHORT = Timeouts(connect=2.0, answer=0.2, sample=30.0)

Start = Callable[[Callable[[Any, socket.socket, int], None]], Any]


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, on kept-alive connections."""

    protocol_version = "HTTP/1.1"
    peers: set[int]

    def do_GET(self) -> None:
        body = f"{self.path}|{self.headers['Host']}|{self.headers['x-istio-cohort']}".encode()
        self.server.peers.add(self.client_address[1])  # type: ignore[attr-defined]
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kind", "echo")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class EchoServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.peers: set[int] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def errors(answers: list[Any]) -> Counter[str | None]:
    assert all((answer.status is None) == (answer.error is not None) for answer in answers)
    return Counter(answer.error for answer in answers)


def test_every_request_is_answered_once_over_kept_alive_connections(echo: EchoServer) -> None:
    answers = send(echo.url, REQUEST, 300, connections=4)
    assert len(answers) == 300
    assert {answer.body for answer in answers} == {b"/items|catalog.istioinaction.io|internal"}
    assert {(a.status, a.error, a.headers["x-kind"]) for a in answers} == {(200, None, "echo")}
    assert 1 <= len(echo.peers) <= 4
    assert all(answer.seconds > 0 for answer in answers)


def test_a_status_is_an_answer(echo: EchoServer) -> None:
    answers = send(echo.url, Request("/missing", "a.b"), 3)
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert errors(answers) == {None: 3}


def test_several_connections_send_at_the_same_time(raw_server: Start) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        meeting.wait()  # breaks unless four requests are under way together
        connection.sendall(OK)

    assert errors(send(raw_server(script).url, REQUEST, 4, connections=4)) == {None: 4}


def test_fewer_requests_than_connections_open_no_idle_ones(raw_server: Start) -> None:
    meeting = threading.Barrier(2, timeout=10)

    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        meeting.wait()
        connection.sendall(OK)

    server = raw_server(script)
    assert len(send(server.url, REQUEST, 2, connections=8)) == 2
    assert server.accepted == 2


def test_the_proxy_of_the_environment_is_not_used(
    echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert errors(send(echo.url, REQUEST, 2)) == {None: 2}


def test_the_request_goes_out_exactly_as_given(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(OK)

    server = raw_server(script)
    send(server.url + "/", Request("/a%20b?c=D", "Catalog.IO:80", {"X-Cased": "Value"}), 1)
    assert server.requests == [
        b"GET /a%20b?c=D HTTP/1.1\r\nHost: Catalog.IO:80\r\nX-Cased: Value\r\n"
        b"User-Agent: istio-chapter-harness\r\nAccept: */*\r\n\r\n"
    ]


def test_refused_connections_are_counted_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answers = send(f"http://127.0.0.1:{port}", REQUEST, 20, connections=3)
    assert errors(answers) == {"refused": 20}


def test_resets_are_counted_and_not_retried(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = raw_server(script)
    assert errors(send(server.url, REQUEST, 10, connections=2)) == {"reset": 10}
    assert len(server.requests) == 10


def test_a_close_without_an_answer_is_counted(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        if number % 2:
            connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    server = raw_server(script)
    answers = send(server.url, REQUEST, 10, connections=1)
    assert errors(answers) == {"closed without an answer": 5, None: 5}
    assert len(server.requests) == 10


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ],
)
def test_half_an_answer_is_none(raw_server: Start, sent: bytes) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(sent)

    answers = send(raw_server(script).url, REQUEST, 2, connections=1)
    assert errors(answers) == {"closed in the middle of the answer": 2}
    assert [answer.body for answer in answers] == [b"", b""]


def test_a_silent_server_times_out_by_name(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.recv(1)  # until the client gives up

    answers = send(raw_server(script).url, REQUEST, 2, timeouts=SHORT)
    assert errors(answers) == {"timed out after 0.2 s": 2}


def test_a_server_that_drips_does_not_stretch_the_time_out(raw_server: Start) -> None:
    stop = threading.Event()

    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.01):
            connection.sendall(b"x")

    answers = send(raw_server(script).url, REQUEST, 1, timeouts=SHORT)
    stop.set()
    assert errors(answers) == {"timed out after 0.2 s": 1}


def test_an_idle_close_is_seen_before_sending_and_is_no_error(raw_server: Start) -> None:
    """The close arrives together with the answer: nothing was lost, so nothing is counted."""

    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)  # uncorks: answer and FIN in one segment
        connection.recv(1)

    server = raw_server(script)
    assert errors(send(server.url, REQUEST, 20, connections=1)) == {None: 20}
    assert server.accepted == 20


def test_a_close_that_crosses_the_next_request_is_counted(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(OK)
        server.request(connection)  # closes only once the second request is on its way

    server = raw_server(script)
    answers = send(server.url, REQUEST, 6, connections=1)
    assert errors(answers) == {None: 3, "closed without an answer": 3}
    assert len(server.requests) == 6


def test_connection_close_is_honoured(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok")
        assert server.request(connection) == b""  # the client closes, as it was told

    server = raw_server(script)
    assert errors(send(server.url, REQUEST, 5, connections=1)) == {None: 5}
    assert len(server.requests) == 5


def test_bytes_beyond_the_content_length_do_not_become_the_next_answer(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        while server.request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + OK)

    server = raw_server(script)
    answers = send(server.url, REQUEST, 4, connections=1)
    assert [answer.body for answer in answers] == [b"ok"] * 4
    assert server.accepted == 4


def test_a_body_ended_by_closing_is_whole(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        connection.sendall(b"to the end")

    answers = send(raw_server(script).url, REQUEST, 2, connections=1)
    assert [answer.body for answer in answers] == [b"to the end"] * 2


def test_what_is_no_http_is_counted_and_the_connection_given_up(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        connection.recv(1)

    answers = send(raw_server(script).url, REQUEST, 2, connections=1)
    assert errors(answers) == {"malformed answer: status line": 2}


def test_a_sample_that_takes_too_long_is_no_sample(raw_server: Start) -> None:
    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        connection.recv(1)

    url = raw_server(script).url
    with pytest.raises(StepFailed, match=r"\d+ of 50 answers within 0\.1 s"):
        send(url, REQUEST, 50, connections=2, timeouts=Timeouts(2.0, 0.2, 0.1))


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "127.0.0.1:80", "http://", "http://h:99999", "http://h:1/path"]
)
def test_an_ingress_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="ingress"):
        send(url, REQUEST, 1)


@pytest.mark.parametrize(("n", "connections"), [(0, 1), (-1, 1), (1, 0)])
def test_nothing_to_send_is_refused(n: int, connections: int) -> None:
    with pytest.raises(UsageError, match="cannot send"):
        send("http://127.0.0.1:1", REQUEST, n, connections=connections)


def test_a_request_that_cannot_be_sent_is_refused_before_sending() -> None:
    with pytest.raises(ChapterError, match="path"):
        send("http://127.0.0.1:1", Request("items", "h"), 1)


def test_a_fault_of_the_sender_itself_is_raised_and_ends_every_thread(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an answer, and not waited for: the other connection is cut off in mid-exchange."""
    begun = threading.Event()

    def script(server: Any, connection: socket.socket, number: int) -> None:
        server.request(connection)
        begun.set()
        connection.recv(1)  # never answers

    ordinary = Connection.exchange
    broken: list[Connection] = []
    lock = threading.Lock()

    def exchange(self: Connection, request: bytes) -> Answer:
        with lock:
            if not broken:
                broken.append(self)
        if self is broken[0]:
            assert begun.wait(10)
            raise RuntimeError("a bug")
        return ordinary(self, request)

    monkeypatch.setattr(Connection, "exchange", exchange)
    patient = Timeouts(connect=2.0, answer=600.0, sample=600.0)
    with pytest.raises(RuntimeError, match="a bug"):
        send(raw_server(script).url, REQUEST, 50, connections=2, timeouts=patient)
    assert not [t for t in threading.enumerate() if t.name.startswith("traffic")]
