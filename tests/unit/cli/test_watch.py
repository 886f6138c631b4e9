"""``harness watch``: what it sends, what it shows, and how it ends."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from rich.console import Console

from harness.cli.commands import run
from harness.cli.shares import Row, Window, drawing, line
from harness.cli.watch import target
from harness.errors import EnvironmentCannot, UsageError
from harness.model import Sample

ITEM = {"id": 1, "color": "amber", "department": "Eyewear", "name": "Glasses", "price": "282.00"}
BODIES = [[ITEM], [{**ITEM, "imageUrl": "http://lorempixel.com/640/480"}]]


def sample(**counts: int) -> Sample:
    return Sample(sum(counts.values()), counts, dict.fromkeys(counts, ""))


def test_the_window_forgets_and_the_total_does_not() -> None:
    window = Window("catalog", 10)
    window.add(0, sample(v1=8))
    window.add(5, sample(v1=2, v2=2))
    assert window.rows() == (Row("v1", 10, 10 / 12), Row("v2", 2, 2 / 12))
    window.add(10, sample(v2=6))
    assert window.rows() == (Row("v1", 2, 0.2), Row("v2", 8, 0.8))
    window.add(30, sample(v2=4))
    # A label that is gone stays in sight.
    assert window.rows() == (Row("v1", 0, 0.0), Row("v2", 4, 1.0))
    assert window.total.counts == {"v1": 10, "v2": 12}


def test_the_line_and_the_drawing_say_the_same() -> None:
    rows = (Row("status 503", 1, 0.25), Row("v2", 3, 0.75))
    assert line(rows) == "status 503 25% (1)  v2 75% (3)"
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(drawing(rows, "title", "caption"))
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    bars = {text.split()[0]: text.count("█") for text in drawn.splitlines() if "█" in text}
    assert bars == {"status": 10, "v2": 30}
    assert "25%" in drawn
    assert "title" in drawn


def test_a_target_is_written_as_for_curl() -> None:
    ingress, request = target(
        "http://127.0.0.1:1234/api/users?x=1", ["host: webapp.io", "x-cohort:  internal"], "local"
    )
    assert ingress == "http://127.0.0.1:1234"
    assert (request.path, request.host) == ("/api/users?x=1", "webapp.io")
    assert dict(request.headers) == {"x-cohort": "internal"}
    assert target("http://shop.io:80", [], "local")[1].host == "shop.io:80"
    assert target("http://shop.io:80", [], "local")[1].path == "/"


@pytest.mark.parametrize(
    ("url", "headers", "said"),
    [("ftp://x/", [], "ftp://x/"), ("x", [], "'x'"), ("http://x/", ["nonsense"], "nonsense")],
)
def test_a_target_that_makes_no_sense(url: str, headers: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        target(url, headers, "local")


def test_without_url_and_cluster_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="h") as short:
        monkeypatch.setenv("HARNESS_HOME", f"{short}/s")
        with pytest.raises(EnvironmentCannot, match="'nobody' is not running"):
            target("", [], "nobody")


@contextmanager
def shop() -> Iterator[tuple[str, list[str]]]:
    """v1 and v2 in turn; its URL, and the Host headers it was sent."""
    tickets, hosts = count(), list[str]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # One segment an answer.

        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            body = json.dumps(BODIES[next(tickets) % 2]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/items", hosts
        finally:
            server.shutdown()
            thread.join()


def test_it_sends_shows_and_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    with shop() as (url, hosts):
        command = ["watch", url, "-H", "Host: catalog.io", "--for", "2", "--rate", "30"]
        assert run(command) == 0
    assert hosts == ["catalog.io"] * 60
    assert capsys.readouterr().out.splitlines() == [
        "v1 50% (15)  v2 50% (15)",
        "v1 50% (30)  v2 50% (30)",
        "60 answers: 30 v1 (50.0%), 30 v2 (50.0%)",
    ]


def test_ctrl_c_ends_it_with_the_sum() -> None:
    with shop() as (url, _):
        command = [sys.executable, "-c", "from harness.cli import main; main()", "watch", url]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PYTHONUNBUFFERED": "1"},
        ) as watching:  # fmt: skip
            assert watching.stdout is not None
            assert watching.stdout.readline() == "v1 50% (10)  v2 50% (10)\n"
            watching.send_signal(signal.SIGINT)
            out, errors = watching.communicate(timeout=30)
    assert watching.returncode == 0, errors
    assert re.search(r"^\d+ answers: \d+ v1", out, re.MULTILINE), out
