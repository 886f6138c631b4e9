"""One sample against its plan, once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from harness.errors import StepFailed
from harness.model import CheckResult, Mixed, Region, Sample
from harness.verdict.kinds import AnyPlan, Look, Plan, SequentialPlan
from harness.verdict.wording import accepted, describe, percent


@dataclass(frozen=True, slots=True)
class Judgement:
    """``reason`` says in one line which counts decided, passed or not."""

    passed: bool
    reason: str


class _Standing(Enum):
    """What a sample says at a look."""

    PASSED = auto()
    FAILED = auto()
    OPEN = auto()


def wanted(plan: AnyPlan, sample: Sample) -> int:
    """How many answers ``sample`` still lacks until it can be judged; 0 once it can.

    Under a sequential plan: up to the next look, unless this one decides. Raises StepFailed for a
    sample that is no sample of the plan.
    """
    if isinstance(plan, Plan):
        return max(0, plan.n - sample.n)
    if not sample.n:
        return plan.looks[0].n
    _check_counts(sample)
    look = _look(plan, sample)
    if _standing(look, sample) is not _Standing.OPEN:
        return 0
    return next(later.n for later in plan.looks if later.n > sample.n) - sample.n


def judge(plan: AnyPlan, sample: Sample) -> Judgement:
    """Accept if every count lies in its region and no other label occurred.

    Raises StepFailed if the sample is empty, is not of a planned size, leaves a sequential test
    undecided, or does not add up: such a sample says nothing about the mesh, so it is neither a
    pass nor a fail.
    """
    _check_counts(sample)
    look = _look(plan, sample)
    standing = _standing(look, sample)
    if standing is _Standing.OPEN:
        raise StepFailed(
            f"the sample of {sample.n} answers decides nothing yet: {dict(sample.counts)}",
            "send as many answers more as are wanted",
        )
    ended = _ended(plan, sample)
    if standing is _Standing.FAILED:
        faults = _strangers(look, sample) + _misses(plan, look, sample)
        return Judgement(False, "; ".join(faults) + ended)
    return Judgement(True, _all_well(plan, look, sample) + ended)


def check_result(request: object, plan: AnyPlan, sample: Sample) -> CheckResult:
    """The judged check as the report lists it; ``request`` is told by its ``str``.

    ``regions`` are the accepted counts of the size that was judged.
    """
    verdict = judge(plan, sample)
    return CheckResult(
        request=str(request),
        expectation=describe(plan),
        n=sample.n,
        counts=dict(sample.counts),
        passed=verdict.passed,
        false_alarm=plan.false_alarm,
        miss=plan.miss,
        reason=verdict.reason,
        regions=_look(plan, sample).accepted,
        error=plan.error,
    )


def _check_counts(sample: Sample) -> None:
    if not sample.n:
        raise StepFailed("the sample is empty", "see why nothing was sent")
    total = sum(sample.counts.values())
    if total != sample.n or any(count < 0 for count in sample.counts.values()):
        raise StepFailed(
            f"the counts {dict(sample.counts)} sum to {total} of {sample.n} answers",
            "label every answer exactly once",
        )


def _look(plan: AnyPlan, sample: Sample) -> Look:
    """What the plan says about a sample of this size. A fixed plan looks once."""
    if isinstance(plan, Plan):
        looks: tuple[Look, ...] = (Look(plan.n, plan.regions, plan.regions),)
    else:
        looks = plan.looks
    for look in looks:
        if look.n == sample.n:
            return look
    raise StepFailed(
        f"the sample has {sample.n} answers, its plan was made for "
        f"{', '.join(str(look.n) for look in looks)}",
        "send exactly as many requests as are wanted",
    )


def _standing(look: Look, sample: Sample) -> _Standing:
    if _strangers(look, sample) or not _all_in(look.tolerated, sample):
        return _Standing.FAILED
    return _Standing.PASSED if _all_in(look.accepted, sample) else _Standing.OPEN


def _all_in(regions: tuple[Region, ...], sample: Sample) -> bool:
    return all(_is_in(region, sample) for region in regions)


def _is_in(region: Region, sample: Sample) -> bool:
    return region.low <= sample.counts.get(region.label, 0) <= region.high


def _strangers(look: Look, sample: Sample) -> list[str]:
    expected = {region.label for region in look.accepted}
    strangers = [label for label, count in sample.counts.items() if count and label not in expected]
    return [
        f"{sample.counts[label]} of {sample.n} answers are {label!r}, which is not expected"
        f"{_example(sample, label)}"
        for label in strangers
    ]


def _misses(plan: AnyPlan, look: Look, sample: Sample) -> list[str]:
    faults: list[str] = []
    for region, limits in zip(look.accepted, look.tolerated, strict=True):
        count = sample.counts.get(region.label, 0)
        if _is_in(limits, sample):
            continue
        if isinstance(plan.expectation, Mixed):
            if not count:
                faults.append(f"{region.label} is missing: none of {sample.n} answers")
        else:
            seen = _example(sample, region.label) if not region.share else ""
            faults.append(
                f"{region.label} is {count} of {sample.n} ({percent(count / sample.n)}), "
                f"accepted {accepted(region)} (expected {percent(region.share)}){seen}"
            )
    return faults


def _example(sample: Sample, label: str) -> str:
    example = sample.examples.get(label)
    return f" (for example: {example})" if example else ""


def _all_well(plan: AnyPlan, look: Look, sample: Sample) -> str:
    counts = [(region, sample.counts.get(region.label, 0)) for region in look.accepted]
    if isinstance(plan.expectation, Mixed):
        return f"all seen: {', '.join(f'{r.label} {count}' for r, count in counts)}"
    return ", ".join(f"{r.label} {count} (accepted {accepted(r)})" for r, count in counts)


def _ended(plan: AnyPlan, sample: Sample) -> str:
    """Where a sequential test ended."""
    if not isinstance(plan, SequentialPlan):
        return ""
    return f"; decided after {sample.n} of at most {plan.most} answers"
