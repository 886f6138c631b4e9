"""Commands in containers, over a WebSocket of their own each.

The official client's ``stream`` swaps a method of the shared client while it runs, so it cannot
be used from several threads. Protocol: subprotocols v4/v5.channel.k8s.io (k8s.io/apimachinery,
pkg/util/remotecommand): a message's first byte is the channel, 1 stdout, 2 stderr, 3 the final
Status.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlencode, urlsplit

from harness.clusters.connection import Connection, segment
from harness.clusters.websocket import Tls, WebSocket, WebSocketError, connect
from harness.errors import StepFailed

STDOUT: Final = 1
STDERR: Final = 2
STATUS: Final = 3
PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
EXEC_SECONDS: Final = 15.0
"""Time-out of the connection, and of each piece of a command's output."""
SPARE_SECONDS: Final = 10.0
"""Older spare connections are not used: servers close idle ones."""
MOST_SPARE: Final = 16
REMEDY: Final = "see whether the pod still runs (kubectl get pods)"


class Executor:
    """Runs commands in containers; may be used from several threads.

    Connections opened beforehand (``warm``) keep TLS handshakes out of the time to effect, of
    which they would be the greater part.
    """

    def __init__(self, connection: Connection) -> None:
        parts = urlsplit(connection.host)
        self._address = (parts.hostname or "", parts.port)
        self._authorization = connection.authorization
        self._tls = Tls(connection.tls()) if parts.scheme == "https" else None
        self._spare: deque[tuple[float, HTTPConnection]] = deque()
        self._used = 0

    def close(self) -> None:
        """Close the spare connections."""
        while self._spare:
            self._spare.pop()[1].close()

    def warm(self) -> None:
        """Open as many spare connections as were used since the last time."""
        missing = min(self._used, MOST_SPARE) - len(self._spare)
        self._used = 0
        if missing > 0:
            with ThreadPoolExecutor(missing) as pool:
                for opened in pool.map(lambda _: self._connect(), range(missing)):
                    self._spare.append((time.monotonic(), opened))

    def run(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        """The command's standard output. StepFailed if it cannot run or its exit code is not 0."""
        what = f"exec {' '.join(command)!r} in {namespace}/{pod} ({container})"
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/exec"
        try:
            with self._open(f"{path}?{urlencode(query)}") as socket:
                return _collect(socket.messages(), what)
        except WebSocketError as error:
            raise StepFailed(f"{what}: {_message(error.body) or error}", REMEDY) from error
        except OSError as error:
            raise StepFailed(f"{what}: {error or type(error).__name__}", REMEDY) from error

    def _open(self, target: str) -> WebSocket:
        """On a spare connection if one is left that the server has not given up meanwhile."""
        self._used += 1
        if spare := self._take():
            with suppress(ConnectionError):
                return WebSocket(spare, target, self._authorization(), PROTOCOLS)
        return WebSocket(self._connect(), target, self._authorization(), PROTOCOLS)

    def _take(self) -> HTTPConnection | None:
        while True:
            try:
                opened, spare = self._spare.pop()
            except IndexError:
                return None
            if time.monotonic() - opened < SPARE_SECONDS:
                return spare
            spare.close()

    def _connect(self) -> HTTPConnection:
        return connect(*self._address, self._tls, EXEC_SECONDS)


def _collect(messages: Iterable[bytes], what: str) -> bytes:
    output: dict[int, list[bytes]] = {STDOUT: [], STDERR: []}
    for message in messages:
        channel, data = message[:1], message[1:]
        if channel and channel[0] in output:
            output[channel[0]].append(data)
        elif channel and channel[0] == STATUS:
            status = json.loads(data)
            if status.get("status") == "Success":
                return b"".join(output[STDOUT])
            said = b"".join(output[STDERR]).decode(errors="replace").strip()
            raise StepFailed(f"{what}: {status.get('message', 'failed')} {said}".rstrip(), REMEDY)
    raise StepFailed(f"{what}: ended without a final status", REMEDY)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message", ""))
    except (ValueError, AttributeError):
        return body.decode(errors="replace")
