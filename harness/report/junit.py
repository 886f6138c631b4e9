"""junit.xml for a run that ended before pytest could write one."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.model import RunResult
from harness.report.wording import plain


def bring_up_failure(run: RunResult) -> str:
    """One test case that ended in an error, as pytest words a failed set-up."""
    failure = plain(run.failure)
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=f"chapter on {run.facts.cluster}",
        tests="1",
        errors="1",
        failures="0",
        skipped="0",
        time=f"{run.seconds:.3f}",
        timestamp=run.started,
    )
    case = ET.SubElement(
        suite, "testcase", classname="harness", name="bring-up", time=f"{run.seconds:.3f}"
    )
    first = failure.strip().partition("\n")[0]
    error = ET.SubElement(case, "error", message=f"the cluster did not come up: {first}")
    error.text = failure
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
