"""How often a verdict may be wrong, and how small an error it must still see."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from harness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Bounds:
    """What sample sizes are derived from. All values are probabilities or shares, in (0, 1).

    Raises UsageError naming the bound that is out of range.
    """

    false_alarm: float = 1e-6
    """A right mesh fails one check at most this often."""
    miss: float = 2e-5
    """A mesh off by ``smallest_error`` passes a check of a split at most this often."""
    smallest_error: float = 0.10
    """The smallest error of a label's share worth catching: 0.10 is ten points."""
    leak: float = 0.014
    """The smallest share worth catching of answers that must not occur at all."""
    leak_miss: float = 1e-3
    """A leak of that share passes a check that allows none at most this often."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < 1:
                raise UsageError(
                    f"bound {field.name} is {value!r}",
                    f"give a number between 0 and 1 (both excluded), such as {field.default}",
                )

    def of_control(self) -> Bounds:
        """For a check that only shows that another could fail: a coarser leak will do."""
        return replace(self, leak=max(self.leak, CONTROL_LEAK))


CONTROL_LEAK: Final = 0.05
DEFAULT: Final = Bounds()
"""The bounds of a run that names none."""
