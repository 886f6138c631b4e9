"""The matrix: the chapter on one release after the other, and what changed between them.

Reads report.json and configuration.json of whole runs, compares them, and writes the table. It
must not run anything itself, nor judge traffic: each run's verdicts stand as they are.
"""

from harness.matrix.compare import Cell, Row, changes, configuration_changes, first_broken, ran, row
from harness.matrix.page import as_html, as_json, as_markdown, configuration_words

__all__ = [
    "Cell",
    "Row",
    "as_html",
    "as_json",
    "as_markdown",
    "changes",
    "configuration_changes",
    "configuration_words",
    "first_broken",
    "ran",
    "row",
]
