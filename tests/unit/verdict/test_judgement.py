"""Samples against plans of a fixed size, at and around the boundaries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest

from harness.errors import StepFailed
from harness.model import Mixed, Request, Sample, Shares
from harness.verdict import Bounds, check_result, describe, judge
from harness.verdict.binomial import term
from harness.verdict.plan import fixed as plan

NINETY_TEN = plan(Shares({"v1": 0.9, "v2": 0.1}))


def sample(counts: Mapping[str, int], examples: Mapping[str, str] | None = None) -> Sample:
    return Sample(sum(counts.values()), counts, examples or {})


@pytest.mark.parametrize(
    ("v1", "passes"), [(850, False), (851, True), (900, True), (943, True), (944, False)]
)
def test_the_region_is_accepted_to_its_edges(v1: int, passes: bool) -> None:
    assert judge(NINETY_TEN, sample({"v1": v1, "v2": 1000 - v1})).passed is passes


@pytest.mark.parametrize("share", [0.9, 0.8, 1.0, 0.87])
def test_verdicts_fall_as_often_as_computed(share: float) -> None:
    """Every outcome weighted by its probability: no luck involved."""
    accepted = sum(
        term(1000, v1, share)
        for v1 in range(1001)
        if judge(NINETY_TEN, sample({"v1": v1, "v2": 1000 - v1})).passed
    )
    expected = {0.9: 1 - NINETY_TEN.false_alarm, 0.8: NINETY_TEN.miss, 1.0: 0.0}
    if share in expected:
        assert accepted == pytest.approx(expected[share], rel=1e-9)
    else:
        assert NINETY_TEN.miss < accepted < 1 - NINETY_TEN.false_alarm


def test_simulated_samples_are_rejected_as_often_as_computed() -> None:
    """A seeded simulation with a false alarm large enough to be seen."""
    loose = plan(
        Shares({"v1": 0.7, "v2": 0.3}), Bounds(false_alarm=0.1, miss=0.5, smallest_error=0.2)
    )
    dice = random.Random(5)
    runs = 4000
    rejected = 0
    for _ in range(runs):
        counts = Counter(dice.choices(["v1", "v2"], [0.7, 0.3], k=loose.n))
        rejected += not judge(loose, sample(counts)).passed
    sigma = (loose.false_alarm * (1 - loose.false_alarm) / runs) ** 0.5
    assert loose.false_alarm > 0.03
    assert abs(rejected / runs - loose.false_alarm) < 4 * sigma


def test_one_leaked_answer_fails_a_clean_check() -> None:
    only = plan(Shares({"v1": 1.0}))
    assert judge(only, sample({"v1": 500})).passed
    verdict = judge(only, sample({"v1": 499, "v2": 1}, {"v2": "200, 4 items"}))
    assert not verdict.passed
    assert "1 of 500 answers are 'v2', which is not expected (for example: 200, 4 items)" in (
        verdict.reason
    )


def test_a_named_label_of_share_zero_is_a_leak_too() -> None:
    none = plan(Shares({"v1": 1.0, "v2": 0.0}))
    verdict = judge(none, sample({"v1": 499, "v2": 1}, {"v2": "seen"}))
    assert not verdict.passed
    assert "v2 is 1 of 500 (0.2%), accepted 0 (expected 0%) (for example: seen)" in verdict.reason


def test_an_unexpected_label_fails_a_split_that_otherwise_fits() -> None:
    verdict = judge(NINETY_TEN, sample({"v1": 899, "v2": 100, "refused": 1}))
    assert not verdict.passed
    assert "'refused'" in verdict.reason
    assert "accepted" not in verdict.reason


def test_a_label_counted_zero_times_is_not_a_stranger() -> None:
    assert judge(NINETY_TEN, sample({"v1": 900, "v2": 100, "refused": 0})).passed


def test_a_wrong_split_says_what_was_seen_and_what_is_accepted() -> None:
    verdict = judge(NINETY_TEN, sample({"v1": 800, "v2": 200}))
    assert verdict.reason == (
        "v1 is 800 of 1000 (80%), accepted 851–943 (expected 90%); "
        "v2 is 200 of 1000 (20%), accepted 57–149 (expected 10%)"
    )


def test_a_mix_names_what_is_missing() -> None:
    mix = plan(Mixed(("v1", "v2"), 0.25))
    assert judge(mix, sample({"v1": 1, "v2": mix.n - 1})).passed
    verdict = judge(mix, sample({"v1": mix.n}))
    assert not verdict.passed
    assert verdict.reason == f"v2 is missing: none of {mix.n} answers"
    assert not judge(mix, sample({"v1": 10, "v2": mix.n - 11, "status 503": 1})).passed


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Sample(0, {}, {}), "empty"),
        (Sample(999, {"v1": 900, "v2": 99}, {}), "has 999 answers, its plan was made for 1000"),
        (Sample(1000, {"v1": 900, "v2": 99}, {}), "sum to 999 of 1000"),
        (Sample(1000, {"v1": 1001, "v2": -1}, {}), "sum to 1000 of 1000"),
    ],
)
def test_a_sample_that_says_nothing_is_an_error(bad: Sample, says: str) -> None:
    with pytest.raises(StepFailed, match=says):
        judge(NINETY_TEN, bad)


def test_the_result_carries_plan_counts_and_words() -> None:
    request = Request("/items", "catalog.istioinaction.io", {"x-istio-cohort": "internal"})
    result = check_result(request, NINETY_TEN, sample({"v1": 902, "v2": 98}))
    assert result.passed
    assert result.request == (
        "GET /items -H 'Host: catalog.istioinaction.io' -H 'x-istio-cohort: internal'"
    )
    assert result.expectation == (
        "v1 90% (accept 851–943 of 1000), v2 10% (accept 57–149), nothing else"
    )
    assert result.reason == "v1 902 (accepted 851–943), v2 98 (accepted 57–149)"
    assert (result.n, result.counts) == (1000, {"v1": 902, "v2": 98})
    assert (result.false_alarm, result.miss) == (NINETY_TEN.false_alarm, NINETY_TEN.miss)
    assert (result.regions, result.error) == (NINETY_TEN.regions, 0.10)


def test_expectations_in_words() -> None:
    assert describe(plan(Shares({"v1": 1.0, "v2": 0.0}))) == "only v1 (all 500), nothing else"
    assert describe(plan(Mixed(("v1", "v2"), 0.1))) == (
        "v1 and v2 each at least once in 150 (share ≥ 10%), nothing else"
    )
