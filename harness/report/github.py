"""What GitHub Actions shows of a run: annotations, and a table for the step summary. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import RunResult, StepStatus
from harness.report.wording import headline, milliseconds, plain

_SIGNS = {StepStatus.PASSED: "✓", StepStatus.FAILED: "✗", StepStatus.SKIPPED: "–"}


def failures(run: RunResult) -> list[str]:
    """One workflow command for each thing that failed.

    Source: docs.github.com, "Workflow commands for GitHub Actions".
    """
    return list(_failures(run))


def _failures(run: RunResult) -> Iterator[str]:
    if run.failure:
        yield _error("bring-up", run.failure)
    for step in run.steps:
        if step.status is StepStatus.FAILED:
            yield _error(f"step {step.id}", step.diagnosis)


def _error(title: str, words: str) -> str:
    data = plain(words).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title={title}::{data}"


def step_summary(run: RunResult) -> str:
    """Markdown: the verdict, and a line a step."""
    lines = [f"### {plain(headline(run))}", "", "| step | verdict | live after | |", "|-|-|-|-|"]
    for step in run.steps:
        effect = "" if step.effect_ms is None else milliseconds(step.effect_ms)
        why = "" if step.status is StepStatus.PASSED else step.diagnosis
        first = plain(why).partition("\n")[0].replace("|", "\\|")
        lines.append(f"| {step.id} | {_SIGNS[step.status]} | {effect} | {first} |")
    return "\n".join(lines) + "\n"
