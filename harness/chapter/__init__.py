"""The chapter's steps as data. It must not talk to a cluster; it refuses an unsound step."""

from harness.chapter.lessons import LESSONS, lesson
from harness.chapter.selection import select
from harness.chapter.steps import NAMESPACE, STEPS
from harness.chapter.validation import validate

__all__ = ["LESSONS", "NAMESPACE", "STEPS", "lesson", "select", "validate"]
