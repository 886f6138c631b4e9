"""Where the marks of a bar go, in percent of its width. Pure geometry, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harness.model import CheckResult, Region
from harness.report.wording import points

_LEAST_WIDTH: Final = 0.8
"""Percent; a region of a single count, or one answer of thousands, must still be seen."""


class Standing(StrEnum):
    """What a bar's count means; also its CSS class."""

    WITHIN = "within"
    OUTSIDE = "outside"
    STRANGE = "strange"
    BESIDE = "beside"
    """Counted beside the judged labels, such as mirrored copies; not itself judged by share."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the bar: start and width, in percent."""

    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One label of a check: its observed share, and if it was expected, what was accepted."""

    label: str
    standing: Standing
    observed: Span
    count: str
    note: str
    accepted: Span | None = None
    expected: float | None = None

    @property
    def spoken(self) -> str:
        """The bar in words, for those who do not see it."""
        return f"{self.label}: {self.count}; {self.note}"


def bars(check: CheckResult) -> list[Bar]:
    """A bar for each expected label in the plan's order, then one for each other label.

    None for a check without regions: nothing about it is a share.
    """
    if not check.regions or not check.n:
        return []
    # A mix states least shares, which do not sum to 1: nothing to mark as the expected share.
    exact = abs(sum(region.share for region in check.regions) - 1) < 1e-6
    expected = [_expected(check, region, exact) for region in check.regions]
    known = {region.label for region in check.regions}
    others = [_other(check, label) for label, n in check.counts.items() if n and label not in known]
    return expected + others


def _expected(check: CheckResult, region: Region, exact: bool) -> Bar:
    count = check.counts.get(region.label, 0)
    within = region.low <= count <= region.high
    accepted = (
        f"{region.low:,}" if region.low == region.high else f"{region.low:,} to {region.high:,}"
    )
    return Bar(
        label=region.label,
        standing=Standing.WITHIN if within else Standing.OUTSIDE,
        observed=_span(0, count, check.n, least=0),
        count=_count(count, check.n),
        note=f"accepted {accepted}",
        accepted=_span(region.low, region.high, check.n, least=_LEAST_WIDTH),
        expected=_percent(region.share) if exact else None,
    )


def _other(check: CheckResult, label: str) -> Bar:
    count = check.counts[label]
    return Bar(
        label=label,
        standing=Standing.BESIDE if check.passed else Standing.STRANGE,
        observed=_span(0, count, check.n, least=_LEAST_WIDTH),
        count=_count(count, check.n),
        note="counted beside the answers" if check.passed else "not expected",
    )


def _span(low: int, high: int, n: int, least: float) -> Span:
    start, end = _percent(low / n), _percent(high / n)
    if end - start < least:
        start = min(start, 100 - least)
        end = start + least
    return Span(round(start, 3), round(end - start, 3))


def _percent(share: float) -> float:
    return round(min(max(share, 0.0), 1.0) * 100, 3)


def _count(count: int, n: int) -> str:
    return f"{count:,} of {n:,} ({points(count / n)})"
