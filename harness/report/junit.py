"""junit.xml: one suite a step, one test case a check."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.model import CheckResult, RunResult, StepResult, StepStatus
from harness.report.wording import headline, plain


def junit(run: RunResult) -> str:
    """The run as JUnit XML. Where the run broke off, one more case ends in an error."""
    suites = ET.Element("testsuites", name=f"chapter on {run.facts.cluster}")
    if run.failure:
        suite = _suite(suites, "bring-up", run.seconds)
        case = ET.SubElement(
            suite, "testcase", classname="harness", name="bring-up", time=f"{run.seconds:.3f}"
        )
        failure = plain(run.failure)
        first = failure.strip().partition("\n")[0]
        ET.SubElement(case, "error", message=f"{headline(run)}: {first}").text = failure
    for step in run.steps:
        _step(_suite(suites, step.id, step.seconds), step)
    for suite in suites:
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("timestamp", run.started)
        for kind, counter in (("error", "errors"), ("failure", "failures"), ("skipped", "skipped")):
            suite.set(counter, str(sum(case.find(kind) is not None for case in cases)))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(suites: ET.Element, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suites, "testsuite", name=name, time=f"{seconds:.3f}")


def _step(suite: ET.Element, step: StepResult) -> None:
    """Its checks; and a case of its own where no check says how the step ended."""
    for check in step.checks:
        _check(suite, step, check)
    if step.status is StepStatus.FAILED and all(check.passed for check in step.checks):
        case = ET.SubElement(suite, "testcase", classname=step.id, name="applied and live")
        _told(case, "failure", step.diagnosis)
    elif step.status is StepStatus.SKIPPED:
        case = ET.SubElement(suite, "testcase", classname=step.id, name=plain(step.title))
        _told(case, "skipped", step.diagnosis)
    elif not step.checks:
        ET.SubElement(suite, "testcase", classname=step.id, name=plain(step.title))


def _check(suite: ET.Element, step: StepResult, check: CheckResult) -> None:
    name = plain(f"{check.request}: {check.expectation}")
    case = ET.SubElement(suite, "testcase", classname=step.id, name=name)
    if not check.passed:
        _told(case, "failure", f"{check.reason}\n{step.diagnosis}")
    counts = ", ".join(f"{count} {label}" for label, count in check.counts.items())
    heard = f"; access logs: {check.witness}" if check.witness else ""
    ET.SubElement(case, "system-out").text = plain(
        f"n={check.n}: {counts}; false alarm {check.false_alarm:.1e}, miss {check.miss:.1e}{heard}"
    )


def _told(case: ET.Element, kind: str, words: str) -> None:
    words = plain(words).strip()
    ET.SubElement(case, kind, message=words.partition("\n")[0]).text = words
