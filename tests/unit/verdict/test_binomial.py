"""The distribution, against rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.verdict import binomial

SHARES = st.floats(0.0, 1.0, allow_subnormal=False).filter(lambda p: p == 0 or p > 1e-12)


def exact(n: int, low: int, high: int, share: float) -> Fraction:
    """P(low <= X <= high) in integers: a float is a fraction with a power of two below."""
    hit, whole = share.as_integer_ratio()
    counts = range(max(low, 0), min(high, n) + 1)
    ways = sum(math.comb(n, k) * hit**k * (whole - hit) ** (n - k) for k in counts)
    return Fraction(ways, whole**n)


def same(computed: float, truth: Fraction) -> bool:
    return math.isclose(computed, float(truth), rel_tol=1e-9, abs_tol=1e-290)


@settings(deadline=None)
@given(n=st.integers(1, 60), count=st.integers(-2, 62), share=SHARES)
@example(n=60, count=0, share=1.0)
@example(n=60, count=60, share=0.0)
def test_both_tails_are_the_brute_force_sums(n: int, count: int, share: float) -> None:
    assert same(binomial.lower_tail(n, count, share), exact(n, 0, count, share))
    assert same(binomial.upper_tail(n, count, share), exact(n, count, n, share))


@settings(deadline=None)
@given(n=st.integers(1, 40), low=st.integers(-1, 41), high=st.integers(-1, 41), share=SHARES)
def test_within_is_the_brute_force_sum(n: int, low: int, high: int, share: float) -> None:
    assert math.isclose(
        binomial.within(n, low, high, share), float(exact(n, low, high, share)), abs_tol=1e-14
    )


def test_tails_far_out_keep_their_relative_accuracy_at_real_sizes() -> None:
    for n, count, share in ((2000, 890, 0.5), (1000, 850, 0.9), (1000, 700, 0.9), (2000, 3, 0.1)):
        assert same(binomial.lower_tail(n, count, share), exact(n, 0, count, share))
    for n, count, share in ((2000, 1110, 0.5), (1000, 944, 0.9), (1000, 998, 0.9)):
        assert same(binomial.upper_tail(n, count, share), exact(n, count, n, share))
    assert same(binomial.within(1000, 851, 943, 0.8), exact(1000, 851, 943, 0.8))
    assert same(binomial.within(2000, 891, 1109, 0.6), exact(2000, 891, 1109, 0.6))


@settings(deadline=None)
@given(
    n=st.integers(1, 120),
    share=st.floats(0.001, 0.999),
    false_alarm=st.floats(1e-9, 0.5),
)
def test_the_region_is_the_narrowest_with_half_the_false_alarm_on_each_side(
    n: int, share: float, false_alarm: float
) -> None:
    low, high = binomial.region(n, share, false_alarm)
    side = false_alarm / 2
    # A hair's breadth is allowed for: the truth is rational, the code's tails are floats.
    assert exact(n, 0, low - 1, share) <= side * (1 + 1e-9)
    assert exact(n, 0, low, share) > side * (1 - 1e-9)
    assert exact(n, high + 1, n, share) <= side * (1 + 1e-9)
    assert exact(n, high, n, share) > side * (1 - 1e-9)


@settings(deadline=None)
@given(n=st.integers(1, 3000))
def test_a_certain_label_has_one_accepted_count(n: int) -> None:
    assert binomial.region(n, 1.0, 1e-6) == (n, n)
    assert binomial.region(n, 0.0, 1e-6) == (0, 0)
