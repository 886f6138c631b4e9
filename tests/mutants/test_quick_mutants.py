"""The few mutants that are part of `make test`: the suite itself is `make mutants`."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clusters.local import LocalCluster
from tests.mutants.catalogue import MUTANTS, QUICK
from tests.mutants.mutant import Mutant
from tests.mutants.test_mutants import verify


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in MUTANTS if mutant.id in QUICK], ids=lambda mutant: mutant.id
)
def test_a_quick_mutant_is_caught(mutant: Mutant, cluster: LocalCluster, tmp_path: Path) -> None:
    verify(mutant, cluster, tmp_path)
