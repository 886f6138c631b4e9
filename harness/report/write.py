"""The report folder: report.json, report.html and, if pytest could not, junit.xml."""

from __future__ import annotations

from pathlib import Path

from harness.model import RunResult
from harness.report.files import write_whole
from harness.report.html_page import page
from harness.report.json_document import document
from harness.report.junit import bring_up_failure


def write(run: RunResult, folder: Path) -> None:
    """Write report.json and report.html into ``folder``, replacing earlier ones one by one."""
    write_whole(folder / "report.json", document(run))
    write_whole(folder / "report.html", page(run))


def write_bring_up_failure(run: RunResult, folder: Path) -> None:
    """Write all three files for a run in which the cluster did not come up.

    Raises ValueError if the run names no failure: junit.xml would then be pytest's to write.
    """
    if not run.failure:
        raise ValueError("the run has no bring-up failure to report")
    write(run, folder)
    write_whole(folder / "junit.xml", bring_up_failure(run))
