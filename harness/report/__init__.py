"""Writes report.json, report.html and junit.xml. It must not change a verdict.

Every file appears whole or not at all. ``write`` leaves junit.xml to pytest; when pytest never
came to write one, ``write_bring_up_failure`` writes all three.
"""

from harness.report.summary import summary
from harness.report.write import write, write_bring_up_failure

__all__ = ["summary", "write", "write_bring_up_failure"]
