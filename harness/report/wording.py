"""Numbers in the words of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import Final

from harness.model import RunResult, StepResult, StepStatus

# Colour codes (ECMA-48 control sequences) that logs bring along.
_COLOURS: Final = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
# What XML 1.0 cannot carry even escaped (XML 1.0, 2.2), and no page or terminal should get.
_UNFIT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """Text from logs and bodies without colour codes, other control characters made visible."""
    return _UNFIT.sub("\ufffd", _COLOURS.sub("", text))


def odds(probability: float) -> str:
    """``never`` or ``1 in 54,500``: two or three figures, as many as mean something."""
    if probability <= 0:
        return "never"
    one_in = 1 / probability
    if one_in < 10:
        return f"1 in {one_in:.1f}".removesuffix(".0")
    if one_in >= 1e12:
        return "less than 1 in 10¹²"
    figures = len(str(round(one_in)))
    return f"1 in {round(one_in, 3 - figures):,.0f}" if figures > 3 else f"1 in {one_in:.0f}"


def duration(seconds: float) -> str:
    """``840 ms``, ``4.2 s`` or ``3 min 5 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(started: str) -> str:
    """An ISO 8601 time as ``2026-03-02 09:14:07 UTC``; what is no such time stays as it is."""
    try:
        parsed = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{parsed:%Y-%m-%d %H:%M:%S} {parsed.tzname() or ''}".rstrip()


def milliseconds(value: float) -> str:
    """``4.2 ms``, ``310 ms``, or seconds when there are many."""
    return f"{value:.1f} ms" if value < 9.95 else duration(value / 1000)


def points(share: float) -> str:
    """A share as people write it: ``10%``, ``1.4%``."""
    return f"{share * 100:.4g}%"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 step``, ``1,000 answers``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def with_status(run: RunResult, status: StepStatus) -> list[StepResult]:
    """The run's steps of that status."""
    return [step for step in run.steps if step.status is status]


def headline(run: RunResult) -> str:
    """The verdict in a few words."""
    if run.failure:
        ran = any(step.status is not StepStatus.SKIPPED for step in run.steps)
        return "The run did not come to its end" if ran else "The cluster did not come up"
    if run.passed:
        return "The chapter holds"
    failed = with_status(run, StepStatus.FAILED)
    return "The chapter does not hold" if failed else "Nothing was proven"


def tally(run: RunResult) -> str:
    """``12 of 13 steps passed, 1 skipped``."""
    passed = len(with_status(run, StepStatus.PASSED))
    parts = [f"{passed} of {counted(len(run.steps), 'step')} passed"]
    parts += [
        f"{number} {status.value}"
        for status in (StepStatus.FAILED, StepStatus.SKIPPED)
        if (number := len(with_status(run, status)))
    ]
    return ", ".join(parts)


def effects(steps: Iterable[StepResult]) -> str:
    """``median 6.1 ms, longest 14 ms``; empty if no step changed a proxy."""
    values = [step.effect_ms for step in steps if step.effect_ms is not None]
    if not values:
        return ""
    return f"median {milliseconds(median(values))}, longest {milliseconds(max(values))}"
