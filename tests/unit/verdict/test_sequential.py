"""Sequential tests: what they promise, worked out again in other ways."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import StepFailed
from harness.model import Sample, Shares
from harness.verdict import (
    DEFAULT,
    Bounds,
    Plan,
    SequentialPlan,
    binomial,
    check_result,
    describe,
    judge,
    plan,
    wanted,
)
from harness.verdict.plan import fixed
from harness.verdict.walk import Walk

REAL = (0.9, 0.5)
"""The chapter's two splits, by the share of v1."""


def split(share: float) -> Shares:
    return Shares({"v1": share, "v2": 1 - share})


@cache
def sequential(share: float) -> SequentialPlan:
    made = plan(split(share))
    assert isinstance(made, SequentialPlan)
    return made


def sample(n: int, v1: int) -> Sample:
    return Sample(n, {"v1": v1, "v2": n - v1}, {})


def walked(made: SequentialPlan, share: float) -> Walk:
    walk = Walk(share)
    for look in made.looks:
        walk.send(look.n - walk.n)
        accepted, tolerated = look.accepted[0], look.tolerated[0]
        walk.decide((accepted.low, accepted.high), (tolerated.low, tolerated.high))
    return walk


def answer_by_answer(made: SequentialPlan, share: float) -> tuple[float, float, float]:
    """P(passed), P(failed) and the mean size: one answer at a time, decided by ``judge``."""
    looks = {look.n for look in made.looks}
    going = {0: 1.0}
    passed = failed = mean = 0.0
    for n in range(1, made.most + 1):
        after: dict[int, float] = defaultdict(float)
        for count, mass in going.items():
            after[count + 1] += mass * share
            after[count] += mass * (1 - share)
        going = {}
        for count, mass in after.items():
            if n not in looks or wanted(made, sample(n, count)):
                going[count] = mass
            elif judge(made, sample(n, count)).passed:
                passed, mean = passed + mass, mean + n * mass
            else:
                failed, mean = failed + mass, mean + n * mass
    assert not going, "the last look left something open"
    return passed, failed, mean


def played(made: SequentialPlan, share: float, dice: random.Random) -> tuple[bool, int]:
    """One test as it is carried out: whether it passed, and its size."""
    n = v1 = 0
    while more := wanted(made, sample(n, v1)):
        v1 += sum(dice.random() < share for _ in range(more))
        n += more
    return judge(made, sample(n, v1)).passed, n


@pytest.mark.parametrize(
    ("share", "most", "expected"), [(0.9, 1050, 394.0), (0.5, 2100, 805.8), (0.1, 1050, 394.0)]
)
def test_the_real_splits_take_less_than_half(share: float, most: int, expected: float) -> None:
    made = sequential(share)
    assert made.most == most
    assert made.expected_n == pytest.approx(expected, abs=0.1)
    assert made.expected_n <= 0.45 * fixed(split(share)).n
    assert made.false_alarm <= DEFAULT.false_alarm
    assert made.miss <= DEFAULT.miss
    assert made.error == DEFAULT.smallest_error


@pytest.mark.parametrize("share", REAL)
def test_stated_probabilities_are_those_of_the_verdicts(share: float) -> None:
    made = sequential(share)
    passed, failed, mean = answer_by_answer(made, share)
    assert failed == pytest.approx(made.false_alarm, rel=1e-6)
    assert passed + failed == pytest.approx(1)
    assert mean == pytest.approx(made.expected_n, rel=1e-9)
    misses = [answer_by_answer(made, share + error)[0] for error in (-0.1, 0.1)]
    assert max(misses) == pytest.approx(made.miss, rel=1e-6)


@pytest.mark.parametrize("share", REAL)
def test_seeded_runs_end_as_computed(share: float) -> None:
    made = sequential(share)
    dice = random.Random(11)
    runs = [played(made, share, dice) for _ in range(1000)]
    assert all(passed for passed, _ in runs)
    sizes = [n for _, n in runs]
    mean = sum(sizes) / len(sizes)
    spread = (sum((n - mean) ** 2 for n in sizes) / len(sizes)) ** 0.5
    assert abs(mean - made.expected_n) < 4 * spread / len(sizes) ** 0.5
    for wrong in (share - 0.1, min(share + 0.1, 1.0)):
        assert not any(played(made, wrong, dice)[0] for _ in range(300))


def test_seeded_runs_of_a_mesh_in_between_pass_as_often_as_computed() -> None:
    made = sequential(0.9)
    expected = walked(made, 0.85).passed
    assert 0.2 < expected < 0.8
    dice = random.Random(7)
    passed = sum(played(made, 0.85, dice)[0] for _ in range(1000))
    assert abs(passed / 1000 - expected) < 4 * (expected * (1 - expected) / 1000) ** 0.5


def test_nothing_is_tolerated_below_where_the_walk_stands() -> None:
    walk = Walk(0.5)
    walk.send(2)
    walk.decide((1, 0), (2, 2))
    assert (walk.passed, walk.failed) == (0.0, pytest.approx(0.75))
    walk.send(1)
    walk.decide((1, 0), (0, 1))
    assert walk.failed == pytest.approx(1.0)


intervals = st.tuples(st.integers(0, 9), st.integers(0, 9))


@settings(max_examples=60, deadline=None)
@given(
    share=st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(1, 5), Fraction(1)]),
    batches=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    bounds=st.lists(st.tuples(intervals, intervals), min_size=3, max_size=3),
)
def test_a_walk_is_what_enumeration_finds(
    share: Fraction,
    batches: list[int],
    bounds: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    """Every sequence of answers, one by one, in exact fractions."""
    # Accepted counts lie among the tolerated ones, as in every plan.
    rules = [
        ((max(a, min(edges)), min(b, max(edges))), (min(edges), max(edges)))
        for ((a, b), edges), _ in zip(bounds, batches, strict=False)
    ]
    walk = Walk(float(share))
    for batch, (accepted, tolerated) in zip(batches, rules, strict=True):
        walk.send(batch)
        walk.decide(accepted, tolerated)
    passed = failed = mean = Fraction(0)
    for answers in product((0, 1), repeat=sum(batches)):
        weight = share ** sum(answers) * (1 - share) ** (len(answers) - sum(answers))
        n = 0
        for batch, (accepted, tolerated) in zip(batches, rules, strict=True):
            n += batch
            count = sum(answers[:n])
            if accepted[0] <= count <= accepted[1]:
                passed += weight
                break
            if not tolerated[0] <= count <= tolerated[1]:
                failed += weight
                break
        mean += n * weight
    assert walk.passed == pytest.approx(float(passed), abs=1e-12)
    assert walk.failed == pytest.approx(float(failed), abs=1e-12)
    assert walk.expected_n == pytest.approx(float(mean), abs=1e-9)


@pytest.mark.parametrize("share", REAL)
def test_boundaries_nest_and_the_last_look_decides_every_count(share: float) -> None:
    made = sequential(share)
    assert [look.n for look in made.looks] == sorted({look.n for look in made.looks})
    for look in made.looks:
        for accepted, tolerated in zip(look.accepted, look.tolerated, strict=True):
            assert 0 <= tolerated.low <= accepted.low <= accepted.high <= tolerated.high <= look.n
            assert tolerated.low > 0
            assert tolerated.high < look.n
            assert accepted.low <= look.n * accepted.share <= accepted.high
        first, second = look.accepted
        assert (first.low, first.high) == (look.n - second.high, look.n - second.low)
    for v1 in range(made.most + 1):
        assert wanted(made, sample(made.most, v1)) == 0
        judge(made, sample(made.most, v1))


@pytest.mark.parametrize(("share", "seen"), [(0.9, 0.1), (0.9, 0.8), (0.9, 1.0), (0.5, 0.6)])
def test_swapped_splits_and_errors_of_ten_points_fail(share: float, seen: float) -> None:
    made = sequential(share)
    n = 0
    while more := wanted(made, sample(n, round(n * seen))):
        n += more
    assert not judge(made, sample(n, round(n * seen))).passed


@pytest.mark.parametrize("share", [*REAL, 0.75, 0.95])
def test_neither_direction_is_seen_less_well_than_by_the_fixed_sample(share: float) -> None:
    made = sequential(share)
    one = fixed(split(share))
    region = one.regions[0]
    told_apart = [
        wrong / 1000
        for wrong in range(1001)
        if binomial.within(one.n, region.low, region.high, wrong / 1000) <= DEFAULT.miss
    ]
    below = [wrong for wrong in told_apart if wrong < share]
    above = [wrong for wrong in told_apart if wrong > share]
    for wrong in (below[-1], below[-20], below[0], above[0], above[len(above) // 2], above[-1]):
        assert walked(made, wrong).passed <= DEFAULT.miss


@pytest.mark.parametrize("share", REAL)
def test_meshes_in_between_pass_as_often_as_with_the_fixed_sample(share: float) -> None:
    made, one = sequential(share), fixed(split(share))
    region = one.regions[0]
    for error in range(-10, 11):
        seen = share + error / 100
        usual = binomial.within(one.n, region.low, region.high, seen)
        assert usual - 0.05 < walked(made, seen).passed < usual + 0.01


@pytest.mark.parametrize("share", REAL)
def test_the_further_off_the_rarer_it_passes(share: float) -> None:
    made = sequential(share)
    below = [walked(made, share - error / 100).passed for error in range(0, 40, 3)]
    above = [walked(made, share + error / 100).passed for error in range(0, 11, 2)]
    for chances in (below, above):
        assert chances == sorted(chances, reverse=True)


@settings(max_examples=20, deadline=None)
@given(
    share=st.floats(0.02, 0.98),
    false_alarm=st.sampled_from([1e-9, 1e-6, 1e-3, 0.05]),
    miss=st.sampled_from([1e-6, 2e-5, 1e-2]),
    error=st.sampled_from([0.08, 0.10, 0.2]),
)
def test_every_sequential_plan_keeps_its_bounds(
    share: float, false_alarm: float, miss: float, error: float
) -> None:
    bounds = Bounds(false_alarm=false_alarm, miss=miss, smallest_error=error)
    made = plan(split(share), bounds)
    if isinstance(made, Plan):
        assert made == fixed(split(share), bounds)
        return
    right = walked(made, share)
    assert right.failed <= false_alarm
    assert right.failed == pytest.approx(made.false_alarm, rel=1e-6)
    assert right.passed + right.failed == pytest.approx(1)
    assert right.expected_n == pytest.approx(made.expected_n)
    assert made.expected_n < fixed(split(share), bounds).n
    for wrong in (share - error, share + error):
        if 0 <= wrong <= 1:
            assert walked(made, wrong).passed <= made.miss * (1 + 1e-9)
    assert made.miss <= miss


@pytest.mark.parametrize(
    "shares",
    [{"a": 0.98, "b": 0.02}, {"a": 0.6, "b": 0.2, "c": 0.2}, {"a": 1.0}],
    ids=["no error upwards to see", "three labels", "no split"],
)
def test_other_expectations_keep_their_fixed_sample(shares: dict[str, float]) -> None:
    made = plan(Shares(shares))
    assert made == fixed(Shares(shares))
    assert wanted(made, Sample(0, {}, {})) == made.n
    assert wanted(made, Sample(made.n, {"a": made.n}, {})) == 0


def test_a_sample_too_large_to_work_out_stays_fixed() -> None:
    assert isinstance(plan(split(0.5), Bounds(smallest_error=0.05)), Plan)


@pytest.mark.parametrize("stranger", ["refused", "v3"])
def test_a_stranger_ends_the_test_at_once(stranger: str) -> None:
    """Whether a connection error, or a label named with a share of 0."""
    made = plan(Shares({"v1": 0.9, "v2": 0.1, "v3": 0.0}))
    assert isinstance(made, SequentialPlan)
    n = made.looks[0].n
    v1 = round(0.9 * n)
    seen = Sample(n, {"v1": v1, "v2": n - v1 - 1, stranger: 1}, {stranger: "after 3 ms"})
    assert wanted(made, seen) == 0
    verdict = judge(made, seen)
    assert not verdict.passed
    assert stranger in verdict.reason
    assert "after 3 ms" in verdict.reason
    assert judge(made, Sample(n, {"v1": v1, "v2": n - v1}, {})).passed


def test_what_decides_nothing_is_not_judged() -> None:
    made = sequential(0.9)
    first, second = made.looks[:2]
    undecided = sample(first.n, first.accepted[0].low - 1)
    assert wanted(made, undecided) == second.n - first.n
    with pytest.raises(StepFailed, match="decides nothing yet"):
        judge(made, undecided)
    for ask in (judge, wanted):
        with pytest.raises(StepFailed, match="its plan was made for 300, 350"):
            ask(made, sample(first.n + 1, first.n))
        with pytest.raises(StepFailed, match="sum to"):
            ask(made, Sample(first.n, {"v1": first.n - 1}, {}))
    with pytest.raises(StepFailed, match="empty"):
        judge(made, Sample(0, {}, {}))


def test_the_result_tells_where_it_ended_and_what_was_accepted_there() -> None:
    made = sequential(0.9)
    result = check_result("GET /", made, sample(400, 361))
    assert result.passed
    assert (result.n, result.regions) == (400, made.looks[2].accepted)
    assert result.reason == (
        "v1 361 (accepted 356–367), v2 39 (accepted 33–44); "
        "decided after 400 of at most 1050 answers"
    )
    assert (
        result.expectation
        == describe(made)
        == (
            "v1 90%, v2 10%, nothing else; sequential test of at most 1050 answers "
            "(394 expected of a right mesh), false alarm 8.7e-07, miss of 10% 1.5e-05"
        )
    )
    assert (result.false_alarm, result.miss, result.error) == (made.false_alarm, made.miss, 0.1)
    failed = check_result("GET /", made, sample(300, 230))
    assert not failed.passed
    assert failed.reason.startswith("v1 is 230 of 300 (76.67%), accepted 270–273 (expected 90%); ")
