"""The run as it goes, on a terminal: a line a step, the one under way moving. It judges nothing.

Takes the place of pytest's terminal reporter, which prints a line after the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TextIO

import pytest
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.model import Step, StepResult, StepStatus

NAME = "live-view"
"""By which the harness's plugin finds it."""
SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("–", "dim")}
HEARING = "the access logs are heard"
REFRESHES = 8
"""Pictures a second."""


class LiveView:
    """A pytest plugin that draws. ``terminal`` is past pytest's capture."""

    def __init__(self, steps: Sequence[Step], terminal: TextIO) -> None:
        self._steps = steps
        self._console = Console(file=terminal)
        self._state: dict[str, str] = {}
        self._took: dict[str, float] = {}
        self._running = ""
        self._since = time.monotonic()
        self._note = "the cluster comes up"
        self._hearing = False
        self._spinner = Spinner("dots")
        self._live = Live(
            console=self._console, refresh_per_second=REFRESHES, get_renderable=self.picture
        )

    def say(self, line: str) -> None:
        """What the bring-up does now."""
        self._note = line

    def picture(self) -> RenderableType:
        """The table as it is at this moment."""
        table = Table.grid(padding=(0, 2))
        for step in self._steps:
            state = self._state.get(step.id, "")
            if state:
                sign, style = SIGNS[state]
                took = f"{self._took.get(step.id, 0.0):.1f} s" if state != "skipped" else ""
                table.add_row(Text(sign, style), Text(step.id, style), step.title, took)
            elif step.id == self._running:
                took = f"{time.monotonic() - self._since:.1f} s"
                table.add_row(self._spinner, Text(step.id, "bold"), step.title, took)
            else:
                table.add_row("", Text(step.id, "dim"), Text(step.title, "dim"), "")
        note = self._note or (HEARING if self._hearing else "")
        return Group(table, Text(note, "dim")) if note else table

    def end(self, lines: Sequence[str], steps: Sequence[StepResult] = ()) -> None:
        """Leave the last picture standing, and what came out below it.

        ``steps`` as the run judged them at its end.
        """
        self._running, self._note, self._hearing = "", "", False
        # Access logs may have contradicted a step after it had passed.
        failed = [step.id for step in steps if step.status is StepStatus.FAILED]
        self._state |= dict.fromkeys(failed, "failed")
        self._live.stop()
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    # --- called by pytest ------------------------------------------------------------------------

    def pytest_sessionstart(self) -> None:
        """Begin to draw."""
        self._live.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A step begins, or what is asked after the last one."""
        self._running, self._since = _step_id(nodeid), time.monotonic()
        self._hearing = not self._running

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A step's part is over: bring-up belongs to the first step's set-up."""
        step = _step_id(report.nodeid)
        if report.when == "setup":
            self._note = ""
            self._since = time.monotonic()
        if report.when == "call" or report.outcome != "passed":
            self._state[step] = report.outcome
            self._took[step] = report.duration

    def pytest_keyboard_interrupt(self) -> None:
        """Say so; the reports are written all the same."""
        self._note = "interrupted: writing the report, ending the cluster"


def _step_id(nodeid: str) -> str:
    return nodeid.partition("[")[2].rstrip("]")
