"""Which steps are checked in a run: all, or those named; earlier ones are then only applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import UsageError
from harness.model import Step


def select(steps: Sequence[Step], ids: Iterable[str]) -> frozenset[str]:
    """The ids to check, all if ``ids`` is empty. UsageError names ids that do not exist."""
    wanted = frozenset(ids)
    known = [step.id for step in steps]
    if unknown := sorted(wanted - set(known)):
        raise UsageError(f"no such step: {', '.join(unknown)}", f"the steps are: {' '.join(known)}")
    return wanted or frozenset(known)
