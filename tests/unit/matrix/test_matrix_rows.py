"""Rows from reports, what changed between them, and the pages made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.clusters.envoy_releases import envoy_minor
from harness.errors import UsageError
from harness.matrix import (
    as_html,
    as_json,
    as_markdown,
    changes,
    configuration_changes,
    first_broken,
    row,
)

PLANE = "local pilot (not istiod)"


def report(**steps: tuple[str, dict[str, int]]) -> dict[str, Any]:
    """A report.json of these steps: status and counts."""
    listed = [
        {
            "id": name.replace("_", "-"),
            "status": status,
            "effect_ms": 41.2,
            "diagnosis": "<because>" if status == "failed" else "",
            "checks": [{"request": "GET /items", "counts": counts}],
        }
        for name, (status, counts) in steps.items()
    ]
    passed = all(status == "passed" for status, _ in steps.values())
    return {
        "schema": 1,
        "envoy": "1.40.0",
        "control_plane": PLANE,
        "passed": passed,
        "steps": listed,
    }


OLD = row("1.30.3", report(gateway=("passed", {"v1": 7}), all_v1=("passed", {"v1": 9, "v2": 0})))
SAME = row("1.31.0", report(gateway=("passed", {"v1": 5}), all_v1=("passed", {"v1": 8})))
BROKEN = row(
    "1.32.0", report(gateway=("passed", {"503": 7}), all_v1=("failed", {"v1": 5, "v2": 4}))
)


def test_counts_that_differ_by_chance_are_no_change() -> None:
    assert changes(OLD, SAME) == []


def test_verdicts_and_labels_that_came_or_went_are_changes() -> None:
    assert changes(SAME, BROKEN) == [
        "gateway: GET /items now also answers 503",
        "gateway: GET /items no longer answers v1",
        "all-v1: passed → failed",
        "all-v1: GET /items now also answers v2",
    ]


def test_steps_that_came_or_went_are_changes() -> None:
    less = row("1.31.0", report(gateway=("passed", {"v1": 7})))
    assert changes(OLD, less) == ["all-v1: gone"]
    assert changes(less, OLD) == ["all-v1: new"]


def test_the_first_release_that_broke_a_step_is_named() -> None:
    assert first_broken([OLD, SAME]) == ""
    words = "1.32.0 is the first release that broke all-v1"
    assert first_broken([OLD, SAME, BROKEN, BROKEN]) == words


def test_a_run_that_did_not_come_up_is_not_passed_over() -> None:
    stuck = row("1.31.0", {**report(gateway=("skipped", {})), "passed": False})
    assert first_broken([OLD, stuck]) == "1.31.0 is the first release that did not come through"


def test_a_report_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"report of 1\.31\.0: schema 2, expected 1"):
        row("1.31.0", {"schema": 2})


def test_the_pages_carry_verdicts_times_and_changes() -> None:
    rows = [OLD, BROKEN]
    found = json.loads(as_json(rows))
    assert found["passed"] is False
    assert found["rows"][1]["steps"]["all-v1"]["status"] == "failed"
    assert "all-v1: passed → failed" in found["rows"][1]["changes"]
    assert "| 1.32.0 | 1.40.0 | ✓ 41 ms | ✗ 41 ms |" in as_markdown(rows)
    html = as_html(rows)
    assert "<td class=failed title='&lt;because&gt;'>✗ 41 ms</td>" in html
    assert "http" not in html, "no external resource"
    assert "says nothing about its istiod" in html


@pytest.mark.parametrize(("istio", "envoy"), [("1.31.0", "1.39"), ("1.32", "1.40")])
def test_istio_releases_have_their_envoy(istio: str, envoy: str) -> None:
    assert envoy_minor(istio) == envoy


@pytest.mark.parametrize("istio", ["0.9.0", "latest", "1.311", ""])
def test_an_unknown_release_is_refused_with_those_known(istio: str) -> None:
    with pytest.raises(UsageError, match=r"1\.28, 1\.29"):
        envoy_minor(istio)


CONFIGURATION = {
    "gateway": {"gateway istio-system/x": ["cluster a", "http.8080 h: [any request] → a"]},
    "all-v1": {"gateway istio-system/x": ["cluster a", "cluster b"]},
}
RETRYING = {
    "gateway": {"gateway istio-system/x": ["cluster a", "http.8080 h: [any request] → a, retries"]},
    "all-v1": {"gateway istio-system/x": ["cluster a", "cluster b"], "sidecar new": ["cluster c"]},
}


def test_lines_that_came_or_went_are_said_once() -> None:
    steps = report(gateway=("passed", {"v1": 7}), all_v1=("passed", {"v1": 9}))
    before, after = row("1.31.0", steps, CONFIGURATION), row("1.32.0", steps, RETRYING)
    assert configuration_changes(before, before) == []
    assert configuration_changes(before, after) == [
        "gateway istio-system/x: - http.8080 h: [any request] → a",
        "gateway istio-system/x: + http.8080 h: [any request] → a, retries",
    ]
    found = json.loads(as_json([before, after]))["rows"]
    assert [len(each["configuration"]) for each in found] == [0, 2]
    assert "[any request] → a, retries" in as_html([before, after])
    assert "2 lines of the proxies' configuration" in as_markdown([before, after])
    assert "lines of the proxies" not in as_markdown([before, before])
