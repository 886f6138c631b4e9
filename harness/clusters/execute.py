"""Commands in containers, over a WebSocket of their own each.

The official client's ``stream`` swaps a method of the shared client while it runs, so it cannot
be used from several threads; this speaks the same protocol with the same WebSocket library.
Protocol: subprotocols v4/v5.channel.k8s.io (k8s.io/apimachinery, pkg/util/remotecommand): the
first byte of a frame is the channel, 1 stdout, 2 stderr, 3 the final Status.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import websocket

from harness.clusters.connection import Connection, segment
from harness.errors import StepFailed

STDOUT: Final = 1
STDERR: Final = 2
STATUS: Final = 3
PROTOCOLS: Final = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
EXEC_SECONDS: Final = 15.0
"""Time-out of one command, and of each frame of its output."""


class Executor:
    """Runs commands in containers; may be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._secure = connection.host.startswith("https:")
        self._tls = connection.tls() if self._secure else None

    def run(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        """The command's standard output. StepFailed if it cannot run or its exit code is not 0."""
        what = f"exec {' '.join(command)!r} in {namespace}/{pod} ({container})"
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        host = self._connection.host.replace("http", "ws", 1)
        path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/exec"
        try:
            channel = websocket.create_connection(
                f"{host}{path}?{urlencode(query)}",
                timeout=EXEC_SECONDS,
                header=self._connection.authorization(),
                subprotocols=PROTOCOLS,
                suppress_origin=True,
                http_no_proxy=["*"],
                enable_multithread=False,
                sslopt={"context": self._tls} if self._tls else None,
            )
            try:
                return _collect(channel, what)
            finally:
                channel.shutdown()  # type: ignore[no-untyped-call]
        except websocket.WebSocketBadStatusException as error:
            body = (error.resp_body or b"").decode(errors="replace")
            raise StepFailed(f"{what}: {_message(body) or error}", _REMEDY) from error
        except (websocket.WebSocketException, ssl.SSLError, OSError) as error:
            raise StepFailed(f"{what}: {error or type(error).__name__}", _REMEDY) from error


_REMEDY: Final = "see whether the pod still runs (kubectl get pods)"


def _collect(channel: websocket.WebSocket, what: str) -> bytes:
    output: dict[int, list[bytes]] = {STDOUT: [], STDERR: []}
    while True:
        _, frame = channel.recv_data()
        data = frame.encode() if isinstance(frame, str) else bytes(frame)
        if not data:
            raise StepFailed(f"{what}: ended without a final status", _REMEDY)
        if data[0] in output:
            output[data[0]].append(data[1:])
        elif data[0] == STATUS:
            status = json.loads(data[1:])
            if status.get("status") == "Success":
                return b"".join(output[STDOUT])
            said = b"".join(output[STDERR]).decode(errors="replace").strip()
            raise StepFailed(f"{what}: {status.get('message', 'failed')} {said}".rstrip(), _REMEDY)


def _message(body: str) -> str:
    try:
        return str(json.loads(body).get("message", ""))
    except (ValueError, AttributeError):
        return body
