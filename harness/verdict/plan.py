"""The plan of a check: sample sizes and acceptance regions, fixed before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Final

from harness.errors import ChapterError, UsageError
from harness.model import Expectation, Mixed, Region, Shares
from harness.verdict import binomial
from harness.verdict.bounds import DEFAULT, Bounds
from harness.verdict.kinds import AnyPlan, Plan
from harness.verdict.sequential import sequential

GRANULARITY: Final = 50
"""Sample sizes are multiples of this, so that people can remember them."""
LARGEST: Final = 100_000
"""No check sends more than this; bounds that would need it are refused."""
_FINE: Final = 6400
_SUM_TOLERANCE: Final = 1e-9


def plan(expectation: Expectation, bounds: Bounds = DEFAULT) -> AnyPlan:
    """What will be sent and how it will be judged, so that ``bounds`` are kept.

    A sequential test for a split between two labels, where that is expected to take fewer
    answers; otherwise ``fixed``, which also says what is raised.
    """
    made = fixed(expectation, bounds)
    return sequential(made, bounds) or made


def fixed(expectation: Expectation, bounds: Bounds = DEFAULT) -> Plan:
    """The smallest sample (in steps of GRANULARITY) whose regions keep ``bounds``.

    Raises ChapterError for an expectation that cannot be true or could not fail, and UsageError
    for bounds that no sample up to LARGEST keeps.
    """
    match expectation:
        case Shares():
            return _plan_shares(expectation, bounds)
        case Mixed():
            return _plan_mixed(expectation, bounds)


def _plan_shares(expectation: Shares, bounds: Bounds) -> Plan:
    shares = dict(expectation.shares)
    _check_shares(shares)
    # A share of 0 or 1 up to float noise (1 - 0.9 - 0.1) means exactly that.
    shares = {label: _snapped(share) for label, share in shares.items()}
    split = tuple(share for share in shares.values() if 0 < share < 1)
    if not split:
        n = _smallest(
            "only one kind of answer", lambda n: _leak_miss(n, bounds) <= bounds.leak_miss
        )
        miss, error = _leak_miss(n, bounds), bounds.leak
    else:
        if not any(_wrong_shares(share, bounds.smallest_error) for share in split):
            raise UsageError(
                f"no label of {shares} can be off by {bounds.smallest_error:g} of the whole",
                "give a smaller smallest_error",
            )
        n = _smallest_split(split, bounds)
        miss, error = _split_miss(n, split, bounds), bounds.smallest_error
    allowance = _allowance(split, bounds)
    regions = tuple(
        Region(label, share, *binomial.region(n, share, allowance))
        for label, share in shares.items()
    )
    return Plan(expectation, n, regions, _false_alarm(n, regions), miss, error)


def _plan_mixed(expectation: Mixed, bounds: Bounds) -> Plan:
    labels, least = expectation.labels, expectation.least
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise ChapterError(
            f"a mix needs at least two different labels, not {labels!r}",
            "name each label once; for a single label use Shares",
        )
    if not 0 < least <= 1 / len(labels) + _SUM_TOLERANCE:
        raise ChapterError(
            f"{len(labels)} labels cannot each have a share of {least:g} or more",
            f"give a least share above 0 and up to {1 / len(labels):.3g}",
        )
    error = bounds.smallest_error

    def unseen(n: int) -> float:
        # Worst case of all shares >= least: all but one label at least, that one has the rest.
        # (Sum of (1 - p)^n over the labels; convex, so it is greatest at a corner.)
        others = len(labels) - 1
        return others * (1 - least) ** n + min(1.0, others * least) ** n

    def foreign(n: int) -> float:
        return float((1 - error) ** n)

    n = _smallest("a mix", lambda n: unseen(n) <= bounds.false_alarm and foreign(n) <= bounds.miss)
    regions = tuple(Region(label, least, 1, n - len(labels) + 1) for label in labels)
    return Plan(expectation, n, regions, unseen(n), foreign(n), error)


def _check_shares(shares: dict[str, float]) -> None:
    if not shares:
        raise ChapterError("an expectation of shares names no label", "name at least one label")
    for label, share in shares.items():
        if not 0 <= share <= 1 + _SUM_TOLERANCE:
            raise ChapterError(f"the share of {label} is {share!r}", "give a share from 0 to 1")
    total = math.fsum(shares.values())
    if abs(total - 1) > _SUM_TOLERANCE:
        raise ChapterError(
            f"the shares of {', '.join(shares)} sum to {total:g}", "make them sum to 1"
        )


def _snapped(share: float) -> float:
    if share < _SUM_TOLERANCE:
        return 0.0
    return 1.0 if share > 1 - _SUM_TOLERANCE else share


def _allowance(split: tuple[float, ...], bounds: Bounds) -> float:
    """The false alarm each label's region may have, so that all together keep the bound.

    Two labels need no division: their counts sum to n, so their regions say the same thing. Of
    more, each gets an equal part (Bonferroni; holds whatever the dependence between counts).
    """
    return bounds.false_alarm if len(split) <= 2 else bounds.false_alarm / len(split)


def _false_alarm(n: int, regions: tuple[Region, ...]) -> float:
    split = [region for region in regions if 0 < region.share < 1]
    tails = [binomial.outside(n, r.low, r.high, r.share) for r in split]
    return max(tails) if len(tails) == 2 else math.fsum(tails)


def _leak_miss(n: int, bounds: Bounds) -> float:
    """P(no leaked answer in n) when the leak has the smallest share worth catching."""
    return float((1 - bounds.leak) ** n)


def _wrong_shares(share: float, error: float) -> tuple[float, ...]:
    """The shares just ``error`` away from the expected one, as far as they are possible."""
    candidates = (share - error, share + error)
    return tuple(
        _snapped(wrong) for wrong in candidates if -_SUM_TOLERANCE < wrong < 1 + _SUM_TOLERANCE
    )


def _split_miss(n: int, split: tuple[float, ...], bounds: Bounds) -> float:
    """The greatest probability to accept a mesh in which some label's share is off by the error.

    All labels must fall in their regions, so one wrong label's own region bounds the whole; the
    probability only falls as the share moves further away.
    """
    allowance = _allowance(split, bounds)
    # The second of two labels says nothing that the first does not.
    telling = split[:1] if len(split) == 2 else split
    regions = {share: binomial.region(n, share, allowance) for share in telling}
    return max(
        binomial.within(n, *regions[share], wrong)
        for share in telling
        for wrong in _wrong_shares(share, bounds.smallest_error)
    )


@lru_cache(maxsize=256)
def _smallest_split(split: tuple[float, ...], bounds: Bounds) -> int:
    return _smallest("a split", lambda n: _split_miss(n, split, bounds) <= bounds.miss)


def _smallest(what: str, keeps: Callable[[int], bool]) -> int:
    """The smallest size that ``keeps`` the bounds: a multiple of GRANULARITY, large ones of ten.

    Doubling finds some size that does. The miss probability zigzags a little as regions gain
    whole counts, so bisection could skip the smallest: every size from a quarter up is tried.
    """
    enough = GRANULARITY
    while not keeps(enough):
        enough *= 2
        if enough > LARGEST:
            raise UsageError(
                f"{what}: no sample of up to {LARGEST} answers keeps the bounds",
                "allow a larger miss or false alarm, or look for a larger error",
            )
    step = GRANULARITY if enough <= _FINE else 10 * GRANULARITY
    start = max(step, enough // 4 // step * step)
    return next(n for n in count(start, step) if keeps(n))
