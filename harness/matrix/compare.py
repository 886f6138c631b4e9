"""Rows of the matrix, and what is different from the row before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PASSED: Final = "passed"
FAILED: Final = "failed"


Configuration = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One step on one release. ``seen`` are the labels that its checks saw, by request."""

    status: str
    effect_ms: float | None
    seen: Mapping[str, frozenset[str]]
    diagnosis: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One release: what ran, whether all passed, and a cell for each step, by id.

    On the local cluster a release is its Envoy, not its istiod: ``control_plane`` says so.
    """

    release: str
    envoy: str
    control_plane: str
    passed: bool
    cells: Mapping[str, Cell]
    configuration: Configuration = field(default_factory=dict)
    """What the proxies had: step → workload → lines."""


def row(release: str, report: Mapping[str, Any], configuration: Configuration | None = None) -> Row:
    """The row of a run's report.json (and configuration.json).

    ValueError if the report is of another schema.
    """
    if report.get("schema") != 1:
        raise ValueError(f"report of {release}: schema {report.get('schema')!r}, expected 1")
    return Row(
        release,
        report["envoy"],
        report["control_plane"],
        report["passed"],
        {step["id"]: _cell(step) for step in report["steps"]},
        configuration or {},
    )


def _cell(step: Mapping[str, Any]) -> Cell:
    seen = {
        check["request"]: frozenset(label for label, count in check["counts"].items() if count)
        for check in step["checks"]
    }
    return Cell(step["status"], step["effect_ms"], seen, step["diagnosis"])


def changes(before: Row, after: Row) -> list[str]:
    """What a person should know about ``after``, having seen ``before``; empty if the same.

    Verdicts, and labels (versions, status codes, errors) that came or went. Not counts: they
    differ by chance.
    """
    found = []
    for step, cell in after.cells.items():
        old = before.cells.get(step)
        if old is None:
            found.append(f"{step}: new")
            continue
        if old.status != cell.status:
            found.append(f"{step}: {old.status} → {cell.status}")
        for request, seen in cell.seen.items():
            was = old.seen.get(request, seen)
            if came := seen - was:
                found.append(f"{step}: {request} now also answers {_words(came)}")
            if gone := was - seen:
                found.append(f"{step}: {request} no longer answers {_words(gone)}")
    found += [f"{step}: gone" for step in before.cells if step not in after.cells]
    return found


def configuration_changes(before: Row, after: Row) -> list[str]:
    """Lines of the proxies' configuration that came (+) or went (-), each said once.

    A line that a later step keeps is not said again; workloads that only one row knows are left
    to ``changes``.
    """
    found: dict[str, None] = {}
    for step, workloads in after.configuration.items():
        for workload, lines in workloads.items():
            was = before.configuration.get(step, {}).get(workload)
            if was is None:
                continue
            for sign, only in (("-", set(was) - set(lines)), ("+", set(lines) - set(was))):
                for line in sorted(only):
                    found.setdefault(f"{workload}: {sign} {line}")
    return list(found)


def first_broken(rows: Sequence[Row]) -> str:
    """The first release that broke a step, and which; empty if every row passed."""
    for each in rows:
        broken = [step for step, cell in each.cells.items() if cell.status == FAILED]
        if broken:
            return f"{each.release} is the first release that broke {', '.join(broken)}"
        if not each.passed:
            return f"{each.release} is the first release that did not come through"
    return ""


def ran(rows: Sequence[Row]) -> str:
    """What a row stands for: a table must not claim more than ran."""
    planes = sorted({each.control_plane for each in rows})
    if any("not istiod" in plane for plane in planes):
        return (
            f"Control plane of every row: {', '.join(planes)}. A row is the Envoy that this "
            "Istio release ships, and says nothing about its istiod."
        )
    return f"Control plane: {', '.join(planes)}."


def _words(labels: frozenset[str]) -> str:
    return ", ".join(sorted(labels))
