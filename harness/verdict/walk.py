"""The exact course of a sequential test: dynamic programming over (look, count).

After each batch the distribution of the count is the one before it, as far as the test went on,
convolved with the batch's binomial distribution. Nothing is simulated or approximated; all
terms are positive, so the floats' relative error stays as small as the binomial terms' own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import groupby
from operator import mul
from typing import Final

from harness.verdict import binomial

_NEGLIGIBLE: Final = 1e-30
"""Probabilities up to this are left out: all of them together stay below 1e-25."""
Interval = tuple[int, int]
"""Counts ``low <= count <= high``; empty if low > high."""


class Walk:
    """Where the count of one label stands, when its true share is ``share``.

    ``passed`` and ``failed`` are probabilities so far; ``expected_n`` is the mean number of
    answers so far.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._start = 0
        self._mass = [1.0]
        self.n = 0
        self.passed = 0.0
        self.failed = 0.0
        self.expected_n = 0.0

    def send(self, answers: int) -> None:
        """Add a batch, wherever the test goes on."""
        self.expected_n += answers * math.fsum(self._mass)
        self._mass = _convolved(self._mass, _batch(answers, self._share))
        self.n += answers

    def within(self, counts: Interval) -> float:
        """P(the test goes on up to here, and the count is one of these)."""
        low, high = (max(0, edge - self._start) for edge in (counts[0], counts[1] + 1))
        return math.fsum(self._mass[low:high])

    def decide(self, accepted: Interval, tolerated: Interval) -> None:
        """End the test where the count is in ``accepted`` or out of ``tolerated``.

        All that is accepted must be tolerated.
        """
        self.passed += self.within(accepted)
        edges = (tolerated[0], tolerated[1] + 1)
        low, high = (min(max(0, edge - self._start), len(self._mass)) for edge in edges)
        high = max(low, high)
        self.failed += math.fsum(self._mass[:low]) + math.fsum(self._mass[high:])
        self._start += low
        self._mass = [
            0.0 if accepted[0] <= count <= accepted[1] else mass
            for count, mass in enumerate(self._mass[low:high], self._start)
        ] or [0.0]

    def cut(self, allowance: float) -> Interval:
        """The narrowest interval around the mean with at most ``allowance`` below and above it."""
        low, high = self._start, self._start + len(self._mass) - 1
        mean = self.n * self._share
        left = right = allowance
        while low < mean and (left := left - self._mass[low - self._start]) >= 0:
            low += 1
        while high > mean and (right := right - self._mass[high - self._start]) >= 0:
            high -= 1
        return low, high


@lru_cache(maxsize=8)
def _batch(answers: int, share: float) -> tuple[float, ...]:
    return tuple(binomial.term(answers, count, share) for count in range(answers + 1))


def _convolved(mass: list[float], batch: tuple[float, ...]) -> list[float]:
    """The distribution of the sum. ``mass`` has gaps where the test ended; they cost nothing."""
    spread = [0.0] * (len(mass) + len(batch) - 1)
    backwards = batch[::-1]
    width = len(batch)
    at = 0
    for goes_on, run in groupby(mass, _NEGLIGIBLE.__lt__):
        strip = list(run)
        for count in range(len(strip) + width - 1) if goes_on else ():
            low = max(0, count - width + 1)
            terms = map(mul, strip[low : count + 1], backwards[low + width - 1 - count :])
            spread[at + count] += sum(terms)
        at += len(strip)
    return spread
