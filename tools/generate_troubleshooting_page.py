"""Writes docs/troubleshooting.md from the errors the harness raises, read out of its own source.

Usage: .venv/bin/python tools/generate_troubleshooting_page.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"
CODES = {
    "EnvironmentCannot": 3,
    "BringUpFailed": 3,
    "DownloadFailed": 3,
    "UsageError": 2,
    "ChapterError": 2,
    "StepFailed": 1,
    "ApplyRefused": 1,
    "NotLive": 1,
}
TITLES = {
    3: "Exit code 3: this machine cannot do it",
    2: "Exit code 2: the command line or a step definition is wrong",
    1: "Exit code 1: a step failed",
}
HEAD = """\
# Troubleshooting

Every error of the harness says what it found and, behind `remedy:`, what to do. This page lists
them all, by exit code; it is made from the source (`tools/generate_troubleshooting_page.py`),
so it cannot lack one. `‹…›` stands for what differs from case to case.

First steps, whatever happened:

- `make doctor` checks this machine, one line a check (`harness doctor --cluster kind` for what
  kind needs);
- `reports/latest/report.html` says which step failed and why, with the command that shows it;
  `reports/latest/evidence/` keeps the proxies' configuration, logs, events and objects of that
  moment;
- `reports/latest/cluster.log` is the local cluster's own log;
- `make status` says whether a cluster runs, `make down` ends it. No process outlives a local
  cluster, whatever ended it;
- an object that the local cluster refuses is refused with the field's path: [what it serves and
  what it does not](local-cluster.md);
- `kubectl describe` on an Istio object shows which proxy accepted or rejected it.

make turns every exit code of the harness into its own code 2 and prints `Error N`, N being the
harness's.
"""


@dataclass(frozen=True)
class Entry:
    """One error: its words and its remedy, with placeholders."""

    code: int
    words: str
    remedy: str


def entries() -> set[Entry]:
    """Every error raised on purpose outside the local cluster's own process."""
    found: set[Entry] = set()
    for path in sorted((ROOT / "harness").rglob("*.py")):
        if "local" in path.relative_to(ROOT / "harness").parts[:1]:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and node.value
            for target in [node.target]
            if isinstance(target, ast.Name)
        }
        found |= set(_raised(tree, constants))
    return found


def _raised(tree: ast.Module, constants: dict[str, ast.expr]) -> Iterator[Entry]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name not in CODES:
            continue
        words = _text(node.args[0], constants)
        remedy = _text(node.args[1], constants) if len(node.args) > 1 else ""
        if re.sub(r"‹[^›]*›|\W", "", words):
            yield Entry(CODES[name], words, remedy)


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """The words of an expression; what is only known at run time becomes a placeholder."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(value, constants) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, constants) + _text(right, constants)
        case ast.IfExp(body=body, orelse=other):
            return " / ".join(filter(None, (_text(body, constants), _text(other, constants))))
        case ast.FormattedValue(value=value):
            return _text(value, constants)
        case ast.Name(id=name) if name in constants:
            return _text(constants[name], constants)
        case ast.Constant(value=value):
            return str(value)
    return "‹…›"


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    known = sorted(entries(), key=lambda entry: (entry.words.lower(), entry.remedy))
    for code, title in TITLES.items():
        parts.append(f"\n## {title}\n\n| what it says | what to do |\n|-|-|\n")
        parts += [
            f"| {_cell(entry.words)} | {_cell(entry.remedy) or '–'} |\n"
            for entry in known
            if entry.code == code
        ]
    return "".join(parts)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
