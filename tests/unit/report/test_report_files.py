"""The three files: their contract, and that they appear whole or not at all."""

from __future__ import annotations

import json
import math
import stat
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.model import RunResult, StepStatus
from harness.report import failures, step_summary, write
from harness.report.files import write_whole


def written(run: RunResult, folder: Path) -> dict[str, object]:
    write(run, folder)
    loaded: dict[str, object] = json.loads((folder / "report.json").read_text())
    return loaded


def test_report_json_has_exactly_the_keys_of_the_contract(
    mixed_run: RunResult, tmp_path: Path
) -> None:
    report = written(mixed_run, tmp_path)
    assert list(report) == [
        "schema",
        "cluster",
        "istio",
        "envoy",
        "kubernetes",
        "control_plane",
        "started",
        "seconds",
        "passed",
        "steps",
    ]
    steps = report["steps"]
    assert isinstance(steps, list)
    for step in steps:
        assert list(step) == [
            "id",
            "title",
            "status",
            "seconds",
            "effect_ms",
            "checks",
            "diagnosis",
        ]
        for check in step["checks"]:
            assert list(check) == [
                "request",
                "expectation",
                "n",
                "counts",
                "verdict",
                "false_alarm",
                "miss",
                "reason",
            ]


def test_report_json_says_what_happened(mixed_run: RunResult, tmp_path: Path) -> None:
    report = written(mixed_run, tmp_path)
    assert (report["schema"], report["passed"], report["envoy"]) == (1, False, "1.40.0")
    steps = {step["id"]: step for step in report["steps"]}  # type: ignore[attr-defined]
    assert [s["status"] for s in steps.values()].count("passed") == 5
    assert steps["egress-allowed"]["status"] == "skipped"
    assert steps["egress-allowed"]["diagnosis"] == "not selected by STEPS"
    assert steps["egress-allowed"]["effect_ms"] is None
    (split,) = steps["mesh-weights"]["checks"]
    assert (split["n"], split["counts"], split["verdict"]) == (
        1000,
        {"v1": 902, "v2": 98},
        "passed",
    )
    assert split["false_alarm"] == pytest.approx(8.74e-7, rel=0.01)
    assert split["miss"] == pytest.approx(1.47e-5, rel=0.01)
    (half,) = steps["mesh-half"]["checks"]
    assert half["verdict"] == "failed"
    assert sum(half["counts"].values()) == half["n"] == 2000


def test_a_passed_run_says_so(passed_run: RunResult, tmp_path: Path) -> None:
    assert written(passed_run, tmp_path)["passed"] is True


def test_a_number_that_is_none_is_no_report(mixed_run: RunResult, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(replace(mixed_run, seconds=math.inf), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bring_up_failure_writes_every_file(bring_up_failed: RunResult, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "latest"
    write(bring_up_failed, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "configuration.json",
        "junit.xml",
        "report.html",
        "report.json",
    ]
    assert json.loads((folder / "report.json").read_text())["passed"] is False
    suite = ET.parse(folder / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0")
    error = suite.find("testcase/error")
    assert error is not None
    assert error.get("message") == (
        "The cluster did not come up: port 31380 is taken by another process"
    )
    assert "bind: <Address already in use> \ufffd" in (error.text or "")
    assert "\x1b" not in (folder / "report.html").read_text()


def test_junit_has_a_suite_a_step_and_a_case_a_check(mixed_run: RunResult, tmp_path: Path) -> None:
    write(mixed_run, tmp_path)
    suites = {suite.get("name"): suite for suite in ET.parse(tmp_path / "junit.xml").getroot()}
    assert list(suites) == [step.id for step in mixed_run.steps]
    for step in mixed_run.steps:
        cases = suites[step.id].findall("testcase")
        assert suites[step.id].get("tests") == str(len(cases))
        assert len(cases) >= max(1, len(step.checks))
        failed = suites[step.id].findall("testcase/failure")
        assert bool(failed) is (step.status is StepStatus.FAILED)
        assert suites[step.id].get("failures") == str(len(failed))
    (skipped,) = suites["egress-allowed"].findall("testcase/skipped")
    assert skipped.get("message") == "not selected by STEPS"
    half = suites["mesh-half"].find("testcase/failure")
    assert half is not None
    assert mixed_run_check_reason(mixed_run, "mesh-half") in (half.text or "")


def mixed_run_check_reason(run: RunResult, id_: str) -> str:
    (reason,) = [
        check.reason
        for step in run.steps
        for check in step.checks
        if step.id == id_ and not check.passed
    ]
    return reason


def test_github_is_told_of_every_failure_on_one_line_each(mixed_run: RunResult) -> None:
    failed = [step for step in mixed_run.steps if step.status is StepStatus.FAILED]
    said = failures(mixed_run)
    assert [line.partition("::")[2].split("::")[0] for line in said] == [
        f"error title=step {step.id}" for step in failed
    ]
    assert not any("\n" in line for line in said)
    assert "not selected by STEPS" in step_summary(mixed_run)
    assert step_summary(mixed_run).count("| ✗ |") == len(failed)


def test_github_is_told_that_there_was_no_cluster(bring_up_failed: RunResult) -> None:
    assert failures(bring_up_failed)[0].startswith("::error title=bring-up::")


def test_a_file_is_replaced_whole_and_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.json"
    write_whole(path, "old")
    with path.open() as reader:
        write_whole(path, "new … \udcff")
        assert reader.read() == "old", "an open reader keeps the file it opened"
    assert path.read_text() == "new … \\udcff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.mkdir()  # a folder in the way: replacing must fail
    with pytest.raises(OSError, match="directory"):
        write_whole(target, "text")
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
