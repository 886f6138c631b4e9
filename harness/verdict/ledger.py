"""Does a row of whole runs fail about as often as the verdicts were designed to? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.verdict.binomial import lower_tail, upper_tail

CONFIDENCE: Final = 0.95
"""Of the upper bound on the true rate of failures."""
IMPLAUSIBLE: Final = 1e-3
"""Failures that the designed rate brings about less often than this need another explanation."""
_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class Ledger:
    """``failures`` of ``runs``, each of which was to fail by chance at rate ``designed``."""

    runs: int
    failures: int
    designed: float
    chance: float
    """P(as many failures or more), if chance alone were at work; 1 when there are none."""
    at_most: float
    """The true rate of failures is at most this, with CONFIDENCE (Clopper-Pearson)."""

    @property
    def explained(self) -> bool:
        """Whether chance, at the designed rate, explains what was observed."""
        return self.chance >= IMPLAUSIBLE


def ledger(runs: int, failures: int, designed: float) -> Ledger:
    """Compare; ``designed`` is a probability for one run, ``failures`` at most ``runs``."""
    return Ledger(
        runs, failures, designed, upper_tail(runs, failures, designed), _at_most(runs, failures)
    )


def _at_most(runs: int, failures: int) -> float:
    """The rate at which so few failures would come up with probability 1 - CONFIDENCE."""
    if failures >= runs:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if lower_tail(runs, failures, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high
