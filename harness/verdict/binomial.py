"""The binomial distribution, exactly as far as floats go.

Terms come from log-gamma, tails are sums of terms from the boundary outwards; their relative
error is below 1e-9 (checked against rational arithmetic in the tests).
"""

from __future__ import annotations

import math


def term(n: int, count: int, share: float) -> float:
    """P(X = count) for X ~ Binomial(n, share)."""
    if not 0 <= count <= n:
        return 0.0
    if share <= 0:
        return float(count == 0)
    if share >= 1:
        return float(count == n)
    return math.exp(
        math.lgamma(n + 1)
        - math.lgamma(count + 1)
        - math.lgamma(n - count + 1)
        + count * math.log(share)
        + (n - count) * math.log1p(-share)
    )


def lower_tail(n: int, count: int, share: float) -> float:
    """P(X <= count)."""
    if count < 0:
        return 0.0
    if count >= n:
        return 1.0
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    if count > n * share:
        return 1.0 - _tail(n, n - count - 1, share / (1 - share), term(n, count + 1, share))
    return _tail(n, count, (1 - share) / share, term(n, count, share))


def upper_tail(n: int, count: int, share: float) -> float:
    """P(X >= count)."""
    if count <= 0:
        return 1.0
    if count > n:
        return 0.0
    if share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if count <= n * share:
        return 1.0 - _tail(n, count - 1, (1 - share) / share, term(n, count - 1, share))
    return _tail(n, n - count, share / (1 - share), term(n, count, share))


def within(n: int, low: int, high: int, share: float) -> float:
    """P(low <= X <= high), without cancellation when it is small."""
    if low > high:
        return 0.0
    mean = n * share
    if high < mean:
        return lower_tail(n, high, share) - lower_tail(n, low - 1, share)
    if low > mean:
        return upper_tail(n, low, share) - upper_tail(n, high + 1, share)
    return 1.0 - outside(n, low, high, share)


def outside(n: int, low: int, high: int, share: float) -> float:
    """P(X < low or X > high)."""
    return lower_tail(n, low - 1, share) + upper_tail(n, high + 1, share)


def region(n: int, share: float, false_alarm: float) -> tuple[int, int]:
    """The counts (low, high) that leave at most ``false_alarm / 2`` on either side.

    The two sides are cut alike, so an error in either direction has the same protection. At a
    share of 0 or 1 the region is the one count that can occur.
    """
    if share <= 0:
        return 0, 0
    if share >= 1:
        return n, n
    side = false_alarm / 2
    return _most_below(n, share, side), n - _most_below(n, 1 - share, side)


def _most_below(n: int, share: float, side: float) -> int:
    """The greatest count with P(X < count) <= side, by bisection over the rising tail."""
    low, high = 0, math.ceil(n * share) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if lower_tail(n, middle - 1, share) <= side:
            low = middle
        else:
            high = middle
    return low


def _tail(n: int, count: int, odds_against: float, first: float) -> float:
    """The sum of ``first`` = P(X = count) and all terms below it, for a count below the mean.

    There each term is the one above it times i/(n-i+1) * (1-p)/p, a factor under 1. An upper
    tail is the same sum over the failures.
    """
    terms = [first]
    current = first
    for i in range(count, 0, -1):
        current *= i / (n - i + 1) * odds_against
        if current <= first * 1e-18:
            break
        terms.append(current)
    return math.fsum(terms)
