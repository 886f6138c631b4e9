"""One item per step of the lesson, in its order; the item's id is the step's."""

from __future__ import annotations

import pytest

from harness.chapter import lesson
from harness.model import Step, StepStatus
from harness.run import Conductor


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "step" not in metafunc.fixturenames:
        return
    steps = lesson(metafunc.config.getoption("lesson"))
    metafunc.parametrize("step", steps, ids=lambda step: step.id)


def test_step(step: Step, conductor: Conductor) -> None:
    result = conductor.conduct(step)
    if conductor.failure and step.id == "install":
        pytest.fail(str(conductor.failure), pytrace=False)
    if result.status is StepStatus.SKIPPED:
        pytest.skip(result.diagnosis)
    if result.status is StepStatus.FAILED:
        pytest.fail(f"{step.id}: {result.diagnosis}", pytrace=False)


def test_access_logs_account_for_every_request(conductor: Conductor) -> None:
    hearing = conductor.hear()
    if hearing.unheard:
        pytest.skip(hearing.unheard)
    assert not hearing.contradictions, "\n".join(hearing.contradictions)
