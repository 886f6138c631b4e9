"""Sequential plans for splits: the same promises as a fixed sample, from fewer answers.

The rule is Wald's. At every look the count is weighed by its likelihood under the expected share
against its likelihood under a wrong share on either side. It passes once it is 1/miss times as
likely under the expected share as under both wrong ones, and fails once a wrong one is
2/false_alarm times as likely as the expected one. By Ville's inequality that alone keeps both
bounds however often one looks (A. Wald, Sequential Analysis, 1947; J. Ville, 1939). The last
look decides the rest, and what all looks together attain is then computed exactly.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from harness.model import Region
from harness.verdict import binomial
from harness.verdict.bounds import Bounds
from harness.verdict.kinds import Look, Plan, SequentialPlan
from harness.verdict.walk import Interval, Walk

LARGEST: Final = 2500
"""Fixed samples above this stay fixed: the exact course would take too long to work out."""
_LOOKS: Final = 20
"""Looks in the size of the fixed sample; more would hardly end sooner."""
_STEP: Final = 50
"""Looks are multiples of this apart."""
_FARTHEST: Final = 1.5
"""The last look may have this many times the answers of the fixed sample."""
_GRID: Final = 1000
"""Wrong shares are told apart in whole parts of this."""


@dataclass(frozen=True, slots=True)
class _Course:
    """The looks as (n, accepted, tolerated) of the first label's count, and what they attain."""

    looks: tuple[tuple[int, Interval, Interval], ...]
    false_alarm: float
    miss: float
    expected_n: float


def sequential(fixed: Plan, bounds: Bounds) -> SequentialPlan | None:
    """The test to take the place of ``fixed``, if that is a split between two labels.

    It is made against the nearest shares that the fixed sample misses no more often than
    ``bounds.miss``, so neither direction loses protection. None if it is no improvement: where
    the fixed sample tells no share apart on one side, is above LARGEST, or is no larger than
    what the test is expected to take.
    """
    split = [region for region in fixed.regions if 0 < region.share < 1]
    if len(split) != 2 or fixed.n > LARGEST:
        return None
    head = split[0]
    course = _course(head.share, fixed.n, (head.low, head.high), bounds)
    if course is None or course.expected_n >= fixed.n:
        return None

    def regions(n: int, counts: Interval) -> tuple[Region, ...]:
        low, high = counts
        found = {head.label: counts, split[1].label: (n - high, n - low)}
        return tuple(
            Region(region.label, region.share, *found.get(region.label, (0, 0)))
            for region in fixed.regions
        )

    looks = tuple(
        Look(n, regions(n, accepted), regions(n, tolerated))
        for n, accepted, tolerated in course.looks
    )
    return SequentialPlan(
        fixed.expectation, looks, course.false_alarm, course.miss, fixed.error, course.expected_n
    )


@lru_cache(maxsize=64)
def _course(share: float, fixed_n: int, region: Interval, bounds: Bounds) -> _Course | None:
    """Looks at Wald's boundaries, up to the first at which all the rest can be decided."""
    wrong = _wrong_shares(share, fixed_n, region, bounds)
    if wrong is None:
        return None
    right, walks = Walk(share), [Walk(other) for other in wrong]
    looks: list[tuple[int, Interval, Interval]] = []
    step = math.ceil(fixed_n / _LOOKS / _STEP) * _STEP
    for n in range(step, int(fixed_n * _FARTHEST) + 1, step):
        accepted, tolerated = _boundaries(n, share, wrong, bounds)
        if accepted[0] > accepted[1] and not looks:
            continue  # Nothing could pass yet, so there is no need to look.
        for walk in (right, *walks):
            walk.send(n - walk.n)
        if (left := bounds.false_alarm - right.failed) > 0:
            cut = right.cut(left / 2)
            if all(walk.passed + walk.within(cut) <= bounds.miss for walk in walks):
                accepted = tolerated = cut
        looks.append((n, accepted, tolerated))
        for walk in (right, *walks):
            walk.decide(accepted, tolerated)
        if accepted == tolerated:
            miss = max(walk.passed for walk in walks)
            return _Course(tuple(looks), right.failed, miss, right.expected_n)
    return None


def _wrong_shares(
    share: float, n: int, region: Interval, bounds: Bounds
) -> tuple[float, float] | None:
    """The nearest shares below and above that the fixed sample tells from the expected one.

    None if there is no such share on one side. Neither is further off than the smallest error,
    where that is a share at all.
    """

    def missed(wrong: int) -> bool:
        return binomial.within(n, *region, wrong / _GRID) > bounds.miss

    below = range(math.floor(share * _GRID), -1, -1)
    above = range(math.ceil(share * _GRID), _GRID + 1)
    low = bisect_left(below, True, key=lambda wrong: not missed(wrong))
    high = bisect_left(above, True, key=lambda wrong: not missed(wrong))
    if low == len(below) or high == len(above):
        return None
    return (
        max(below[low] / _GRID, share - bounds.smallest_error),
        min(above[high] / _GRID, share + bounds.smallest_error),
    )


def _boundaries(
    n: int, share: float, wrong: tuple[float, float], bounds: Bounds
) -> tuple[Interval, Interval]:
    """The counts that pass, and those outside of which it fails, after n answers."""
    passing, failing = math.log(1 / bounds.miss), -math.log(2 / bounds.false_alarm)
    below, above = wrong
    # Upwards is the same as downwards for the other label's count.
    accepted = (
        _least(n, share, below, passing),
        n - _least(n, 1 - share, 1 - above, passing),
    )
    tolerated = (
        _least(n, share, below, failing),
        n - _least(n, 1 - share, 1 - above, failing),
    )
    return accepted, tolerated


def _least(n: int, share: float, wrong: float, evidence: float) -> int:
    """The least count with at least this log-likelihood ratio for ``share`` over a smaller one.

    n + 1 if there is none. The ratio only grows with the count.
    """
    return bisect_left(
        range(n + 1),
        evidence,
        key=lambda count: _log_likelihood(n, count, share) - _log_likelihood(n, count, wrong),
    )


def _log_likelihood(n: int, count: int, share: float) -> float:
    """Without the number of ways, which cancels out of every ratio."""
    hits = count * math.log(share) if share > 0 else (-math.inf if count else 0.0)
    others = n - count
    rest = others * math.log1p(-share) if share < 1 else (-math.inf if others else 0.0)
    return hits + rest
