"""What the terminal says at the end: one line a step, why it failed, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.model import RunResult, StepResult, StepStatus
from harness.report.wording import counted, duration, headline, milliseconds, plain, tally

_PREFIX: Final = {
    StepStatus.PASSED: "ok      ",
    StepStatus.FAILED: "FAILED  ",
    StepStatus.SKIPPED: "skipped ",
}
_UNDER: Final = " " * 8


def summary(run: RunResult) -> str:
    """Lines with fixed prefixes (``ok``, ``FAILED``, ``skipped``); the last is the verdict."""
    return "\n".join(plain(line) for line in _lines(run))


def _lines(run: RunResult) -> Iterator[str]:
    width = max((len(step.id) for step in run.steps), default=0)
    for step in run.steps:
        yield f"{_PREFIX[step.status]}{step.id:<{width}}  {_facts(step)}".rstrip()
        if step.status is StepStatus.FAILED:
            yield from (f"{_UNDER}{line}".rstrip() for line in _why(step))
    if run.failure:
        yield from (f"{_PREFIX[StepStatus.FAILED]}{line}" for line in run.failure.splitlines())
    if run.witness:
        yield f"witness  access logs: {run.witness}"
    verdict = "PASSED" if run.passed else "FAILED"
    where = f"on {run.facts.cluster}, {duration(run.seconds)}"
    yield f"{verdict}: {headline(run)}: {tally(run)} {where}"


def _facts(step: StepResult) -> str:
    if step.status is StepStatus.SKIPPED:
        return step.diagnosis.partition("\n")[0]
    judged = sum(check.n for check in step.checks if check.regions)
    parts = [duration(step.seconds)]
    if step.effect_ms is not None:
        parts.append(f"live after {milliseconds(step.effect_ms)}")
    if judged:
        parts.append(counted(judged, "answer"))
    return ", ".join(parts)


def _why(step: StepResult) -> Iterator[str]:
    yield from step.diagnosis.splitlines()
    for check in step.checks:
        told = check.witness or check.reason
        if not check.passed and told not in step.diagnosis:
            yield check.request
            yield f"  expected {check.expectation}"
            yield f"  {check.reason}"
