"""The lessons there are, by name: each is a sequence of steps that build on each other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.chapter import resilience, steps
from harness.errors import UsageError
from harness.model import Step

CHAPTER: Final = "chapter"
LESSONS: Final[Mapping[str, tuple[Step, ...]]] = MappingProxyType(
    {CHAPTER: steps.STEPS, "resilience": resilience.STEPS}
)


def lesson(name: str) -> tuple[Step, ...]:
    """The steps of a lesson, the chapter's if no name is given. UsageError if there is none."""
    found = LESSONS.get(name or CHAPTER)
    if found is None:
        raise UsageError(f"there is no lesson {name!r}", f"the lessons are: {' '.join(LESSONS)}")
    return found
