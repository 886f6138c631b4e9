"""A release page on loopback: real HTTP, with everything that can go wrong."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = b"#!/bin/sh\necho client version: 1.31.0\n"


def archive(content: bytes = SCRIPT, name: str = "istioctl") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        packed.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Mirror:
    """What it answers by path, and what it was asked, as the request line had it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    """Paths whose answers break off in the middle."""
    failing: dict[str, int] = field(default_factory=dict)
    """Paths that answer 503 as many times first."""
    asked: list[str] = field(default_factory=list)

    def publish(self, path: str, content: bytes) -> str:
        """Serve the file and its checksum; its URL."""
        self.files[path] = content
        name = path.rpartition("/")[2]
        self.files[f"{path}.sha256"] = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
        return self.url + path


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    made = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            path = "/" + self.path.split("/", 3)[3] if "://" in self.path else self.path
            if made.failing.get(path, 0) > 0:
                made.failing[path] -= 1
                self._answer(503, b"")
            elif path in made.redirects:
                self.send_response(302)
                self.send_header("Location", made.redirects[path])
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif path not in made.files:
                self._answer(404, b"no such file")
            else:
                self._answer(200, made.files[path], cut=path in made.cut)

        def _answer(self, status: int, body: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
