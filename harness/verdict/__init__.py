"""Exact acceptance regions and their error probabilities. Pure: counts in, verdict out.

It must not do I/O, read a clock, or retry. Everything a verdict depends on is in the ``Plan``,
which exists before anything is sent. A ``Plan`` has one size; a ``SequentialPlan`` lets the sample
grow by a schedule until it decides, with probabilities that hold for the whole schedule.
``wanted`` says how much is still to be sent, and ``judge`` judges the whole sample, once.
"""

from harness.verdict.bounds import DEFAULT, Bounds
from harness.verdict.judgement import Judgement, check_result, judge, wanted
from harness.verdict.kinds import AnyPlan, Look, Plan, SequentialPlan
from harness.verdict.ledger import Ledger, ledger
from harness.verdict.plan import plan
from harness.verdict.testimony import Heard, Testimony, bear_out
from harness.verdict.wording import describe

__all__ = [
    "DEFAULT",
    "AnyPlan",
    "Bounds",
    "Heard",
    "Judgement",
    "Ledger",
    "Look",
    "Plan",
    "SequentialPlan",
    "Testimony",
    "bear_out",
    "check_result",
    "describe",
    "judge",
    "ledger",
    "plan",
    "wanted",
]
