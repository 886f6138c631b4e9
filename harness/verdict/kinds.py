"""The two kinds of plan, both fixed before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import Expectation, Region


@dataclass(frozen=True, slots=True)
class Plan:
    """One sample of a fixed size, and which counts will be accepted.

    ``false_alarm`` is what the regions attain, not what was asked for: a mesh exactly as expected
    fails at most this often. ``miss``: a mesh that is off by ``error`` (a share) or more passes
    at most this often. A label without a region fails the check; its false alarm is 0.
    """

    expectation: Expectation
    n: int
    regions: tuple[Region, ...]
    false_alarm: float
    miss: float
    error: float


@dataclass(frozen=True, slots=True)
class Look:
    """What the answers so far decide, once there are ``n``.

    Every count in ``accepted``: passed. Any count out of ``tolerated``: failed. Otherwise more
    is sent. Of the last look the two are the same, so it decides whatever was counted.
    """

    n: int
    accepted: tuple[Region, ...]
    tolerated: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class SequentialPlan:
    """One sample that grows from look to look until it decides: a test, not a repetition of one.

    ``false_alarm``, ``miss`` and ``error`` mean the same as in Plan, and hold for the whole test
    with all its looks. ``expected_n`` is how many answers a right mesh takes on average.
    """

    expectation: Expectation
    looks: tuple[Look, ...]
    false_alarm: float
    miss: float
    error: float
    expected_n: float

    @property
    def most(self) -> int:
        """The answers at the last look; no sample is larger."""
        return self.looks[-1].n


AnyPlan = Plan | SequentialPlan
