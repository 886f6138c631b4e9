"""Observed failures against the designed rate."""

from __future__ import annotations

import pytest

from harness.verdict import ledger


def test_no_failure_is_explained_and_bounded_by_the_rule_of_three() -> None:
    found = ledger(200, 0, 1e-5)
    assert found.explained
    assert found.chance == 1.0
    assert found.at_most == pytest.approx(1 - 0.05 ** (1 / 200))


def test_one_failure_is_not_what_a_millionth_brings_about() -> None:
    found = ledger(200, 1, 1e-6)
    assert not found.explained
    assert found.chance == pytest.approx(200e-6, rel=1e-3)


def test_a_failure_of_a_loose_design_is_explained() -> None:
    assert ledger(200, 2, 0.01).explained
    assert not ledger(200, 12, 0.01).explained


def test_the_bound_holds_exactly() -> None:
    """Clopper and Pearson's textbook case: 1 of 10, one-sided 95 %."""
    assert ledger(10, 1, 0.1).at_most == pytest.approx(0.3942, abs=1e-4)
    assert ledger(10, 10, 0.1).at_most == 1.0
