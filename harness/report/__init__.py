"""Writes report.json, report.html and junit.xml, and what GitHub is told.

It must not change a verdict.
Every file appears whole or not at all.
"""

from harness.report.github import failures, step_summary
from harness.report.summary import summary
from harness.report.write import write

__all__ = ["failures", "step_summary", "summary", "write"]
