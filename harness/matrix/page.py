"""The matrix as JSON, as Markdown for a step summary, and as one HTML file. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Final

from harness.matrix.compare import Cell, Row, changes, configuration_changes, first_broken, ran

SCHEMA: Final = 1
_SIGNS: Final = {"passed": "✓", "failed": "✗", "skipped": "–"}
_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem; border: 1px solid #8886; text-align: center; white-space: nowrap; }
th:first-child { text-align: left; }
.passed { background: #2a94; } .failed { background: #d434; font-weight: bold; }
"""


def words(cell: Cell) -> str:
    """A cell in a few characters: the verdict's sign and the time to effect."""
    sign = _SIGNS[cell.status]
    return sign if cell.effect_ms is None else f"{sign} {cell.effect_ms:.0f} ms"


def as_json(rows: Sequence[Row]) -> str:
    """The whole matrix: per release its Envoy, its steps by id, and the changes."""
    document = {
        "schema": SCHEMA,
        "passed": all(row.passed for row in rows),
        "ran": ran(rows),
        "first_broken": first_broken(rows),
        "rows": [
            {
                "release": row.release,
                "envoy": row.envoy,
                "passed": row.passed,
                "steps": {
                    step: {
                        "status": cell.status,
                        "effect_ms": cell.effect_ms,
                        "diagnosis": cell.diagnosis,
                    }
                    for step, cell in row.cells.items()
                },
                "changes": found,
                "configuration": lines,
            }
            for (row, found), lines in zip(_with_changes(rows), _configurations(rows), strict=True)
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_markdown(rows: Sequence[Row]) -> str:
    """A table, the verdict, and what changed."""
    steps = list(rows[0].cells)
    lines = [
        "| Istio | Envoy | " + " | ".join(steps) + " |",
        "|-" * (len(steps) + 2) + "|",
        *(
            f"| {row.release} | {row.envoy} | "
            + " | ".join(words(row.cells[step]) for step in steps)
            + " |"
            for row in rows
        ),
        "",
        first_broken(rows) or "Every row passed.",
        "",
        ran(rows),
        "",
        *(f"- {row.release}: {each}" for row, found in _with_changes(rows) for each in found),
        *(f"- {row.release}: {said}" for row, said in configuration_words(rows)),
    ]
    return "\n".join(lines) + "\n"


def as_html(rows: Sequence[Row]) -> str:
    """One self-contained page."""
    steps = list(rows[0].cells)
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in ("Istio", "Envoy", *steps))
    body = "".join(_html_row(row, steps) for row in rows)
    found = "".join(
        f"<li><b>{escape(row.release)}</b>: {escape(each)}</li>"
        for row, found in _with_changes(rows)
        for each in found
    )
    verdict = escape(first_broken(rows) or "Every row passed.")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>Matrix of releases</title><style>{_STYLE}</style><h1>Matrix of releases</h1>"
        f"<p>{verdict}</p><p>{escape(ran(rows))}</p>"
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<h2>What changed from row to row</h2><ul>{found or '<li>nothing</li>'}</ul>"
        "<h2>What the proxies had that the row before had not</h2>"
        f"{_html_configurations(rows)}</html>\n"
    )


def configuration_words(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """How much of the proxies' configuration differs from the row before, where anything does."""
    return [
        (row, f"{len(lines)} lines of the proxies' configuration came or went (matrix.html)")
        for row, lines in zip(rows, _configurations(rows), strict=True)
        if lines
    ]


def _configurations(rows: Sequence[Row]) -> list[list[str]]:
    return [
        configuration_changes(rows[index - 1], row) if index else []
        for index, row in enumerate(rows)
    ]


def _html_configurations(rows: Sequence[Row]) -> str:
    parts = [
        f"<details><summary>{escape(row.release)}: {len(lines)} lines</summary>"
        f"<pre class=wide>{escape(chr(10).join(lines))}</pre></details>"
        for row, lines in zip(rows, _configurations(rows), strict=True)
        if lines
    ]
    return "".join(parts) or "<p>nothing</p>"


def _html_row(row: Row, steps: Sequence[str]) -> str:
    cells = "".join(
        f"<td class={row.cells[step].status} title='{escape(row.cells[step].diagnosis)}'>"
        f"{words(row.cells[step])}</td>"
        for step in steps
    )
    return f"<tr><th scope=row>{escape(row.release)}</th><td>{escape(row.envoy)}</td>{cells}</tr>"


def _with_changes(rows: Sequence[Row]) -> list[tuple[Row, list[str]]]:
    return [(row, changes(rows[index - 1], row) if index else []) for index, row in enumerate(rows)]
