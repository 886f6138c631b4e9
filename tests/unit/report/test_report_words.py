"""The terminal's lines, and numbers in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model import RunResult
from harness.report import summary, wording


def test_one_line_a_step_and_the_verdict_last(mixed_run: RunResult) -> None:
    lines = summary(mixed_run).splitlines()
    assert [line.split()[1] for line in lines if line[:7] in ("ok     ", "skipped", "FAILED ")] == [
        step.id for step in mixed_run.steps
    ]
    assert "ok      mesh-weights    610 ms, live after 5.0 ms, 1,000 answers" in lines
    assert "skipped egress-allowed  not selected by STEPS" in lines
    assert lines[-1] == (
        "FAILED: The chapter does not hold: 5 of 7 steps passed, 1 failed, 1 skipped"
        " on local, 11.9 s"
    )


def test_a_failed_step_says_why_below_its_line(mixed_run: RunResult) -> None:
    lines = summary(mixed_run).splitlines()
    failed = next(n for n, line in enumerate(lines) if line.startswith("FAILED  mesh-half"))
    below = lines[failed + 1 : failed + 6]
    assert all(line.startswith(" " * 8) for line in below)
    assert below[0].strip().startswith("VirtualService catalog sends 60%")
    assert below[1].strip() == "kubectl -n istioinaction get virtualservice catalog -o yaml"
    assert "22 of 2000 answers are 'error calling Catalog service'" in below[4]


def test_a_reason_that_is_the_diagnosis_is_said_once(mixed_run: RunResult) -> None:
    half = mixed_run.steps[4]
    reason = half.checks[0].reason
    said = replace(half, diagnosis=f"{half.checks[0].request}: {reason}")
    text = summary(replace(mixed_run, steps=(said,)))
    assert text.count(reason) == 1


def test_a_passed_run_ends_in_passed(passed_run: RunResult) -> None:
    assert summary(passed_run).splitlines()[-1] == (
        "PASSED: The chapter holds: 5 of 5 steps passed on local, 11.9 s"
    )


def test_a_failed_bring_up_says_why_without_control_characters(
    bring_up_failed: RunResult,
) -> None:
    text = summary(bring_up_failed)
    assert "FAILED  port 31380 is taken by another process" in text
    assert "\x1b" not in text
    assert "\x00" not in text
    assert text.splitlines()[-1].startswith("FAILED: The cluster did not come up")


def test_nothing_ran_is_no_pass(mixed_run: RunResult) -> None:
    run = replace(mixed_run, steps=mixed_run.steps[-1:])
    assert summary(run).splitlines()[-1].startswith("FAILED: Nothing was proven: 0 of 1 step")


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "never"),
        (1.0, "1 in 1"),
        (0.4, "1 in 2.5"),
        (0.05, "1 in 20"),
        (1 / 1150, "1 in 1,150"),
        (1.8331532e-5, "1 in 54,600"),
        (8.4e-7, "1 in 1,190,000"),
        (1e-15, "less than 1 in 10¹²"),
        (1e-320, "less than 1 in 10¹²"),
    ],
)
def test_odds(probability: float, words: str) -> None:
    assert wording.odds(probability) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.0042, "4 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (11.86, "11.9 s"),
        (99.94, "99.9 s"),
        (99.96, "1 min 40 s"),
        (185, "3 min 5 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(5.03, "5.0 ms"), (14.1, "14 ms"), (1500, "1.5 s"), (9.96, "10 ms")]
)
def test_milliseconds(value: float, words: str) -> None:
    assert wording.milliseconds(value) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0%"), (0.1, "10%"), (0.014, "1.4%"), (1999 / 2000, "99.95%"), (1, "100%")],
)
def test_points(share: float, words: str) -> None:
    assert wording.points(share) == words


def test_a_moment_that_is_none_stays_as_it_is() -> None:
    assert wording.moment("2026-03-02T09:14:07+00:00") == "2026-03-02 09:14:07 UTC"
    assert wording.moment("yesterday") == "yesterday"


def test_a_run_that_ended_early_does_not_blame_the_cluster(mixed_run: RunResult) -> None:
    ended = replace(mixed_run, failure="the run was interrupted")
    assert wording.headline(ended) == "The run did not come to its end"
    assert "FAILED: The run did not come to its end" in summary(ended)


def test_a_cluster_that_did_not_come_up_is_named(bring_up_failed: RunResult) -> None:
    assert wording.headline(bring_up_failed) == "The cluster did not come up"
