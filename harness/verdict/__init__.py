"""Exact acceptance regions and their error probabilities. Pure: counts in, verdict out.

It must not do I/O, read a clock, or retry. Everything a verdict depends on is in the ``Plan``,
which exists before anything is sent; ``judge`` only compares counts with it. A plan of another
kind (sequential, its bounds equally fixed beforehand) would be another dataclass beside ``Plan``
with the same ``expectation``, ``false_alarm`` and ``miss``, and a branch in ``judge``.
"""

from harness.verdict.bounds import DEFAULT, Bounds
from harness.verdict.judgement import Judgement, check_result, judge
from harness.verdict.plan import Plan, plan
from harness.verdict.wording import describe

__all__ = [
    "DEFAULT",
    "Bounds",
    "Judgement",
    "Plan",
    "check_result",
    "describe",
    "judge",
    "plan",
]
