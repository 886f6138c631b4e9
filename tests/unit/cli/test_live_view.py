"""A run on a terminal: a real one, as far as the program can tell."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from harness.chapter import lesson
from harness.cli.live import HEARING, LiveView
from harness.model import StepResult, StepStatus
from harness.repository import ROOT

HARNESS = Path(sys.executable).with_name("harness")


def on_a_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and everything that was drawn, without the control sequences."""
    ours, theirs = pty.openpty()
    wanted = {"TERM": "xterm", "COLUMNS": "100", "LINES": "50", **environment}
    with subprocess.Popen(
        [HARNESS, *arguments],
        cwd=ROOT, env={**os.environ, **wanted}, stdin=subprocess.DEVNULL,
        stdout=theirs, stderr=theirs,
    ) as run:  # fmt: skip
        os.close(theirs)
        drawn = bytearray()
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            drawn += piece
    os.close(ours)
    text = drawn.decode(errors="replace").replace("\r\n", "\n")
    return run.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_steps_are_drawn_as_they_pass_and_the_report_is_named(tmp_path: Path) -> None:
    code, drawn = on_a_terminal("e2e", "--steps", "gateway", "--reports", str(tmp_path))
    assert code == 0, drawn
    assert re.search(r"✓ +gateway +The gateway lets clients in", drawn)
    assert re.search(r"– +mirror", drawn), "what did not run is not drawn as passed"
    assert "the cluster comes up" in drawn
    assert "PASSED: The chapter holds: 1 of 13 steps passed" in drawn
    assert "witness  access logs: they account for each of 150 answered requests" in drawn
    assert f"report: {tmp_path}/latest/report.html" in drawn
    assert "PASSED [" not in drawn, "pytest's own lines are left out"
    assert "Warning" not in drawn
    assert (tmp_path / "latest" / "junit.xml").exists()


def test_a_step_that_access_logs_contradict_does_not_stay_green() -> None:
    steps = lesson("")[:2]
    terminal = io.StringIO()
    view = LiveView(steps, terminal)
    for one in steps:
        parts: tuple[Literal["setup", "call"], ...] = ("setup", "call")
        for part in parts:
            view.pytest_runtest_logreport(report(f"test_step[{one.id}]", part))
    view.pytest_runtest_logstart("test_access_logs_account_for_every_request")
    assert drawn_by(view).splitlines()[-1] == HEARING
    install, deploy = (
        StepResult(one.id, one.title, status, 1.0, None, (), "")
        for one, status in zip(steps, (StepStatus.PASSED, StepStatus.FAILED), strict=True)
    )
    view.end(["FAILED: …"], [install, deploy])
    assert re.search(r"✓ +install", drawn_by(view))
    assert re.search(r"✗ +deploy", drawn_by(view))
    assert HEARING not in drawn_by(view)


def report(nodeid: str, part: Literal["setup", "call"]) -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("", 0, ""), {}, "passed", None, part, duration=1.0)


def drawn_by(view: LiveView) -> str:
    paper = Console(file=io.StringIO(), width=100)
    with paper.capture() as captured:
        paper.print(view.picture())
    return captured.get().rstrip()


def test_a_cluster_that_cannot_come_up_is_said_on_a_terminal_too(tmp_path: Path) -> None:
    code, drawn = on_a_terminal("e2e", "--reports", str(tmp_path), ENVOY="/no/envoy")
    assert code == 3, drawn
    assert re.search(r"✗ +install", drawn)
    assert "ENVOY names /no/envoy" in drawn


def test_a_usage_error_is_said_on_a_terminal_too(tmp_path: Path) -> None:
    code, drawn = on_a_terminal("e2e", "--steps", "mirorr", "--reports", str(tmp_path))
    assert code == 2
    assert "no such step: mirorr" in drawn


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    code, drawn = on_a_terminal(
        "e2e", "--steps", "install", "--reports", str(tmp_path), TERM="dumb"
    )
    assert code == 0, drawn
    assert "test_step[install] PASSED" in drawn
