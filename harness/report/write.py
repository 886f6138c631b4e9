"""The report folder: report.json, report.html, junit.xml and configuration.json."""

from __future__ import annotations

from pathlib import Path

from harness.model import RunResult
from harness.report.configuration import configuration
from harness.report.files import write_whole
from harness.report.html_page import page
from harness.report.json_document import document
from harness.report.junit import junit


def write(run: RunResult, folder: Path) -> None:
    """Write the files into ``folder``, replacing earlier ones one by one."""
    write_whole(folder / "report.json", document(run))
    write_whole(folder / "report.html", page(run))
    write_whole(folder / "junit.xml", junit(run))
    write_whole(folder / "configuration.json", configuration(run))
