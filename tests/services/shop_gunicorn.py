"""A service as its image runs it: the Dockerfile's CMD, in the service's folder, on a socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.waiting import Pending, wait_until

SERVICES = Path(__file__).parents[2] / "services"
HEALTH = {"catalog": "/healthz", "webapp": "/api/healthz", "forum": "/api/healthz"}


def command(service: str) -> list[str]:
    """The CMD of the service's Dockerfile, which must be in exec form."""
    lines = re.findall(r"^CMD (.*)$", (SERVICES / service / "Dockerfile").read_text(), re.MULTILINE)
    assert len(lines) == 1
    words = json.loads(lines[0])
    assert isinstance(words, list)
    return words


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket; ``host`` is what the Host header says."""

    def __init__(self, path: str, host: str = "catalog.istioinaction") -> None:
        super().__init__(host, timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Served:
    """A running service; ``home`` is its HOME and TMPDIR."""

    process: subprocess.Popen[bytes]
    socket_path: str
    home: Path
    log: Path

    def request(
        self,
        path: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = UnixConnection(self.socket_path)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def terminate(self) -> int:
        """SIGTERM, and the exit code it leads to."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


@contextmanager
def serve(service: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Start the service and wait for its health; its whole process group is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="h") as directory:
        home = Path(directory, "home")
        home.mkdir()
        socket_path = str(Path(directory, "s"))
        log = Path(directory, "log")
        binaries = Path(sys.executable).parent
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(service),
                cwd=SERVICES / service,
                env={
                    "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUNBUFFERED": "1",
                    "HOME": str(home),
                    "TMPDIR": str(home),
                    "GUNICORN_CMD_ARGS": f"--bind unix:{socket_path}",
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        served = Served(process, socket_path, home, log)

        def healthy() -> None:
            assert process.poll() is None, f"{service} ended:\n{log.read_text()}"
            try:
                assert served.request(HEALTH[service]).status == 200
            except OSError as error:
                raise Pending(str(error)) from error

        try:
            wait_until(f"{service} is healthy", healthy, seconds=20)
            yield served
        finally:
            # Unless it has ended with all it had started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
