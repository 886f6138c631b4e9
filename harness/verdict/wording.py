"""Expectations and counts in the words of the report."""

from __future__ import annotations

from harness.model import Expectation, Mixed, Region, Shares
from harness.verdict.kinds import AnyPlan, Plan, SequentialPlan


def percent(share: float) -> str:
    """A share as people write it: ``10%``, ``12.5%``."""
    return f"{share * 100:.4g}%"


def accepted(region: Region) -> str:
    """The accepted counts of a label: ``851–943``, or the one count."""
    return str(region.low) if region.low == region.high else f"{region.low}–{region.high}"


def describe(plan: AnyPlan) -> str:
    """What is expected, with the counts that will be accepted.

    For example ``only v1 (all 500), nothing else``, or of a sequential test ``v1 90%, v2 10%,
    nothing else; sequential test of at most 1050 answers (394 expected of a right mesh), false
    alarm 8.7e-07, miss of 10% 1.5e-05``: the accepted counts then depend on where it ends.
    """
    if isinstance(plan, SequentialPlan):
        shares = ", ".join(f"{r.label} {percent(r.share)}" for r in plan.looks[-1].accepted)
        return (
            f"{shares}, nothing else; sequential test of at most {plan.most} answers "
            f"({plan.expected_n:.0f} expected of a right mesh), false alarm "
            f"{plan.false_alarm:.1e}, miss of {percent(plan.error)} {plan.miss:.1e}"
        )
    return f"{_expected(plan.expectation, plan)}, nothing else"


def _expected(expectation: Expectation, plan: Plan) -> str:
    match expectation:
        case Mixed(labels=labels, least=least):
            return (
                f"{' and '.join(labels)} each at least once in {plan.n} (share ≥ {percent(least)})"
            )
        case Shares():
            certain = [region for region in plan.regions if region.share == 1]
            if certain:
                return f"only {certain[0].label} (all {plan.n})"
            head, *rest = plan.regions
            first = f"{head.label} {percent(head.share)} (accept {accepted(head)} of {plan.n})"
            others = [f"{r.label} {percent(r.share)} (accept {accepted(r)})" for r in rest]
            return ", ".join([first, *others])
