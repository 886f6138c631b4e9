"""One sample against its plan, once."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import StepFailed
from harness.model import CheckResult, Mixed, Sample
from harness.verdict.plan import Plan
from harness.verdict.wording import accepted, describe, percent


@dataclass(frozen=True, slots=True)
class Judgement:
    """``reason`` says in one line which counts decided, passed or not."""

    passed: bool
    reason: str


def judge(plan: Plan, sample: Sample) -> Judgement:
    """Accept if every count lies in its region and no other label occurred.

    Raises StepFailed if the sample is empty, is not of the planned size, or does not add up:
    such a sample says nothing about the mesh, so it is neither a pass nor a fail.
    """
    _check_sample(plan, sample)
    faults = _strangers(plan, sample) + _misses(plan, sample)
    if faults:
        return Judgement(False, "; ".join(faults))
    return Judgement(True, _all_well(plan, sample))


def check_result(request: object, plan: Plan, sample: Sample) -> CheckResult:
    """The judged check as the report lists it; ``request`` is told by its ``str``."""
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
        regions=plan.regions,
        error=plan.error,
    )


def _check_sample(plan: Plan, sample: Sample) -> None:
    if not sample.n:
        raise StepFailed("the sample is empty", "see why nothing was sent")
    if sample.n != plan.n:
        raise StepFailed(
            f"the sample has {sample.n} answers, its plan was made for {plan.n}",
            "send exactly plan.n requests",
        )
    total = sum(sample.counts.values())
    if total != sample.n or any(count < 0 for count in sample.counts.values()):
        raise StepFailed(
            f"the counts {dict(sample.counts)} sum to {total} of {sample.n} answers",
            "label every answer exactly once",
        )


def _strangers(plan: Plan, sample: Sample) -> list[str]:
    expected = {region.label for region in plan.regions}
    strangers = [label for label, count in sample.counts.items() if count and label not in expected]
    return [
        f"{sample.counts[label]} of {sample.n} answers are {label!r}, which is not expected"
        f"{_example(sample, label)}"
        for label in strangers
    ]


def _misses(plan: Plan, sample: Sample) -> list[str]:
    faults: list[str] = []
    for region in plan.regions:
        count = sample.counts.get(region.label, 0)
        if isinstance(plan.expectation, Mixed):
            if not count:
                faults.append(f"{region.label} is missing: none of {sample.n} answers")
        elif not region.low <= count <= region.high:
            seen = _example(sample, region.label) if not region.share else ""
            faults.append(
                f"{region.label} is {count} of {sample.n} ({percent(count / sample.n)}), "
                f"accepted {accepted(region)} (expected {percent(region.share)}){seen}"
            )
    return faults


def _example(sample: Sample, label: str) -> str:
    example = sample.examples.get(label)
    return f" (for example: {example})" if example else ""


def _all_well(plan: Plan, sample: Sample) -> str:
    counts = [(region, sample.counts.get(region.label, 0)) for region in plan.regions]
    if isinstance(plan.expectation, Mixed):
        return f"all seen: {', '.join(f'{r.label} {count}' for r, count in counts)}"
    return ", ".join(f"{r.label} {count} (accepted {accepted(r)})" for r, count in counts)
