"""What `harness watch` knows: the newest answers' shares, and their drawing; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from harness.model import Sample
from harness.observation import merge, observe

COLOURS: Mapping[str, str] = {"v1": "blue", "v2": "magenta", "users": "green"}
BAR = 40
"""Characters of a bar that stands for all answers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One label's part of the newest answers."""

    label: str
    count: int
    share: float


class Window:
    """The samples of the last ``seconds``, and how many answers there were in all."""

    def __init__(self, classifier: str, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[tuple[float, Sample]] = deque()
        self.newest = self._nothing = observe(classifier, [])
        self.total = self._nothing

    def add(self, moment: float, sample: Sample) -> None:
        """Take a sample made at ``moment`` (seconds of any clock) and forget what is too old."""
        self._samples.append((moment, sample))
        while self._samples[0][0] <= moment - self._seconds:
            self._samples.popleft()
        self.total = merge(self.total, sample)
        self.newest = self._nothing
        for _, kept in self._samples:
            self.newest = merge(self.newest, kept)

    def rows(self) -> tuple[Row, ...]:
        """Every label seen since the start, by name: a label that went to 0 stays in sight."""
        n = self.newest.n
        counts = self.newest.counts
        return tuple(
            Row(label, counts.get(label, 0), counts.get(label, 0) / n if n else 0.0)
            for label in sorted(self.total.counts)
        )


def line(rows: tuple[Row, ...]) -> str:
    """The shares as one plain line."""
    return "  ".join(f"{row.label} {row.share:.0%} ({row.count})" for row in rows) or "no answers"


def drawing(rows: tuple[Row, ...], title: str, caption: str) -> Table:
    """The shares as bars."""
    table = Table(title=title, caption=caption, show_header=False, box=None, title_justify="left")
    for row in rows:
        colour = COLOURS.get(row.label, "red")
        bar = Text("█" * round(row.share * BAR), style=colour)
        bar.append("·" * (BAR - len(bar)), style="dim")
        table.add_row(Text(row.label, style=colour), bar, f"{row.share:4.0%}", f"{row.count}")
    return table
