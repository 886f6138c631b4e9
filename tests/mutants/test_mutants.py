"""Every mutant must turn the steps it names red, and no other, with the right diagnosis.

`make mutants` runs them all; `make test` the quick ones.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.clusters.local import LocalCluster
from harness.model import StepStatus
from harness.run.witness import NOT_HEARD
from tests.mutants.catalogue import CONTROLS, MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.workshop import walk


# Before the mutants, which fill the log of the gateway they share until its beginning is lost.
@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_the_control_passes(control: Mutant, cluster: LocalCluster, tmp_path: Path) -> None:
    result = walk(control, cluster, tmp_path)
    assert result.passed, [step.diagnosis for step in result.steps if step.diagnosis]
    assert result.witness.startswith("they account for each of"), result.witness
    assert NOT_HEARD not in result.witness


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_is_caught(mutant: Mutant, cluster: LocalCluster, tmp_path: Path) -> None:
    verify(mutant, cluster, tmp_path)


def verify(mutant: Mutant, cluster: LocalCluster, folder: Path) -> None:
    """The steps conducted fail and pass as the mutant says, and each red one says why."""
    conducted = {
        step.id: step for step in walk(mutant, cluster, folder).steps if step.id in mutant.conducted
    }
    told = {step.id: step.diagnosis for step in conducted.values() if step.diagnosis}
    wanted = {
        step_id: StepStatus.FAILED if step_id in mutant.red else StepStatus.PASSED
        for step_id in mutant.conducted
    }
    assert {step.id: step.status for step in conducted.values()} == wanted, told
    for step_id in mutant.red:
        assert re.search(mutant.diagnosis, causes(told[step_id])), told[step_id]
        assert any((folder / "evidence" / step_id).iterdir()), "no evidence was kept"


def causes(diagnosis: str) -> str:
    """The diagnosis without the symptom that every failed check has anyway."""
    return "\n".join(
        line for line in diagnosis.splitlines() if not line.startswith(("GET ", "deployment "))
    )
