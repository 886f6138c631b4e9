"""Fixed sample sizes and regions: the published figures, the promises, and what is refused."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ChapterError, UsageError
from harness.model import Mixed, Shares
from harness.verdict import DEFAULT, Bounds
from harness.verdict.plan import GRANULARITY
from harness.verdict.plan import fixed as plan


def exact(n: int, low: int, high: int, share: float) -> float:
    """P(low <= X <= high) in integers: a float is a fraction with a power of two below."""
    hit, whole = share.as_integer_ratio()
    counts = range(low, high + 1)
    ways = sum(math.comb(n, k) * hit**k * (whole - hit) ** (n - k) for k in counts)
    return ways / whole**n


def test_ninety_ten_is_the_published_plan() -> None:
    made = plan(Shares({"v1": 0.9, "v2": 0.1}))
    assert made.n == 1000
    assert [(r.label, r.low, r.high) for r in made.regions] == [("v1", 851, 943), ("v2", 57, 149)]
    assert made.miss == pytest.approx(1.83e-5, rel=0.01)
    assert made.miss == pytest.approx(exact(1000, 851, 943, 0.8), rel=1e-9)
    assert made.false_alarm == pytest.approx(1 - exact(1000, 851, 943, 0.9), rel=1e-6)
    assert made.false_alarm <= 1e-6
    assert made.error == 0.10


def test_half_and_half_is_the_published_plan() -> None:
    made = plan(Shares({"v1": 0.5, "v2": 0.5}))
    assert made.n == 2000
    assert {(r.low, r.high) for r in made.regions} == {(891, 1109)}
    assert made.miss == pytest.approx(1.98e-5, rel=0.01)
    assert made.miss == pytest.approx(exact(2000, 891, 1109, 0.6), rel=1e-9)


@pytest.mark.parametrize("shares", [{"v1": 1.0}, {"v1": 1.0, "v2": 0.0}])
def test_only_one_version_is_five_hundred_clean_answers(shares: dict[str, float]) -> None:
    made = plan(Shares(shares))
    assert made.n == 500
    assert [(r.low, r.high) for r in made.regions] == [(500, 500), (0, 0)][: len(shares)]
    assert made.false_alarm == 0
    assert made.miss == pytest.approx((1 - 0.014) ** 500)
    assert made.miss < 1e-3


def test_a_control_is_content_with_a_coarser_leak() -> None:
    made = plan(Shares({"unreachable": 1.0}), DEFAULT.of_control())
    assert (made.n, made.error) == (150, 0.05)
    assert made.miss == pytest.approx(0.95**150)
    assert made.miss <= DEFAULT.leak_miss


def test_a_share_that_is_one_but_for_float_noise_is_certain() -> None:
    assert plan(Shares({"v1": 0.7 + 0.2 + 0.1})).n == 500


def test_a_smaller_sample_would_not_keep_the_miss_bound() -> None:
    for shares in ({"v1": 0.9, "v2": 0.1}, {"v1": 0.5, "v2": 0.5}):
        made = plan(Shares(shares))
        looser = plan(Shares(shares), Bounds(miss=made.miss * 4))
        assert looser.n < made.n
        assert looser.miss > made.miss


def test_three_labels_divide_the_false_alarm() -> None:
    made = plan(Shares({"a": 0.6, "b": 0.2, "c": 0.2}))
    tails = [1 - exact(made.n, r.low, r.high, r.share) for r in made.regions]
    assert all(tail <= DEFAULT.false_alarm / 3 for tail in tails)
    assert made.false_alarm == pytest.approx(sum(tails), rel=1e-5)
    wrong = [
        exact(made.n, r.low, r.high, share)
        for r in made.regions
        for share in (r.share - 0.1, r.share + 0.1)
    ]
    assert made.miss == pytest.approx(max(wrong), rel=1e-9)
    assert made.miss <= DEFAULT.miss


def test_three_labels_stay_within_their_false_alarm_by_full_enumeration() -> None:
    """All outcomes of a small multinomial: the computed bound holds and is not idle."""
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    made = plan(Shares(shares), Bounds(false_alarm=0.05, miss=0.6, smallest_error=0.19))
    region = {r.label: r for r in made.regions}
    rejected = 0.0
    for a, b in product(range(made.n + 1), repeat=2):
        c = made.n - a - b
        if c < 0:
            continue
        counts = {"a": a, "b": b, "c": c}
        if all(region[k].low <= count <= region[k].high for k, count in counts.items()):
            continue
        ways = math.comb(made.n, a) * math.comb(made.n - a, b)
        rejected += ways * 0.5**a * 0.3**b * 0.2**c
    assert made.false_alarm / 2 < rejected <= made.false_alarm <= 0.05


@settings(max_examples=40, deadline=None)
@given(
    share=st.floats(0.02, 0.98),
    false_alarm=st.sampled_from([1e-9, 1e-6, 1e-3, 0.05]),
    miss=st.sampled_from([1e-6, 2e-5, 1e-2]),
    error=st.sampled_from([0.05, 0.10, 0.2]),
)
def test_every_plan_of_a_split_keeps_its_bounds(
    share: float, false_alarm: float, miss: float, error: float
) -> None:
    bounds = Bounds(false_alarm=false_alarm, miss=miss, smallest_error=error)
    made = plan(Shares({"v1": share, "v2": 1 - share}), bounds)
    assert made.n % GRANULARITY == 0
    assert made.false_alarm <= false_alarm
    assert made.miss <= miss
    first, second = made.regions
    assert (first.low, first.high) == (made.n - second.high, made.n - second.low)
    assert 0 <= first.low <= made.n * share <= first.high <= made.n
    assert (first.low, first.high) != (0, made.n), "a check that cannot fail"


@settings(max_examples=60, deadline=None)
@given(labels=st.integers(2, 5), part=st.floats(0.1, 1.0))
def test_a_mix_is_large_enough_to_see_every_label(labels: int, part: float) -> None:
    least = part / labels
    made = plan(Mixed(tuple("abcde"[:labels]), least))
    # The rarest allowed mesh: all but one label at the least share.
    unseen = (labels - 1) * (1 - least) ** made.n + ((labels - 1) * least) ** made.n
    assert made.false_alarm == pytest.approx(unseen, rel=1e-9, abs=1e-300)
    assert made.false_alarm <= DEFAULT.false_alarm
    assert made.miss <= DEFAULT.miss


def test_a_tenth_seen_at_least_once() -> None:
    # n=132 is the exact bound (reference: miss of 1e-6 at 10%); sizes go up in fifties.
    assert plan(Mixed(("v1", "v2"), 0.10)).n == 150


def test_large_samples_are_still_planned_and_impossible_ones_refused() -> None:
    made = plan(Shares({"v1": 0.9, "v2": 0.1}), Bounds(smallest_error=0.02))
    assert made.miss <= 2e-5
    assert 15_000 < made.n < 30_000
    with pytest.raises(UsageError, match="no sample of up to 100000"):
        plan(Shares({"v1": 0.5, "v2": 0.5}), Bounds(smallest_error=0.005))


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({}, "names no label"),
        ({"v1": 0.9, "v2": 0.2}, "sum to 1.1"),
        ({"v1": 90, "v2": 10}, "share of v1 is 90"),
        ({"v1": 1.1, "v2": -0.1}, "share of v1 is 1.1"),
        ({"v1": math.nan}, "share of v1 is nan"),
    ],
)
def test_shares_that_cannot_be_true_are_refused(shares: dict[str, float], says: str) -> None:
    with pytest.raises(ChapterError, match=says):
        plan(Shares(shares))


@pytest.mark.parametrize(
    ("labels", "least", "says"),
    [
        (("v1",), 0.1, "two different labels"),
        (("v1", "v1"), 0.1, "two different labels"),
        (("v1", "v2"), 0.6, "cannot each have"),
        (("v1", "v2"), 0.0, "cannot each have"),
    ],
)
def test_mixes_that_cannot_be_true_are_refused(
    labels: tuple[str, ...], least: float, says: str
) -> None:
    with pytest.raises(ChapterError, match=says):
        plan(Mixed(labels, least))


def test_an_error_no_label_can_have_is_refused() -> None:
    with pytest.raises(UsageError, match="smallest_error"):
        plan(Shares({"v1": 0.5, "v2": 0.5}), Bounds(smallest_error=0.6))


@pytest.mark.parametrize("field", ["false_alarm", "miss", "smallest_error", "leak", "leak_miss"])
@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, math.nan])
def test_bounds_out_of_range_are_named(field: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"bound {field} is"):
        Bounds(**{field: value})
