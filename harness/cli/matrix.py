"""``harness matrix``: whole runs on one release after the other, then the table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Column, Table

from harness.cli.repeat import again
from harness.clusters.registry import known_releases, release_environment
from harness.errors import UsageError
from harness.matrix import (
    Row,
    as_html,
    as_json,
    as_markdown,
    changes,
    configuration_words,
    first_broken,
    ran,
    row,
)
from harness.matrix.page import words

FOLDER: Final = "matrix"


def matrix(
    cluster: str, releases: Sequence[str], steps: str, reports: Path, console: Console
) -> int:
    """Run every release; 0 if all passed, 1 if one failed, 2 or 3 if a run could not be made.

    On the local cluster a release means its Envoy; the pilot is the same in every row.
    """
    chosen = tuple(releases) or known_releases(cluster)
    if not chosen:
        raise UsageError("name the releases to run", 'for example ISTIO="1.30.3 1.31.0"')
    environments = {
        release: {**os.environ, **release_environment(cluster, release, console.print)}
        for release in chosen
    }
    folder = reports / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows: list[Row] = []
    for release in chosen:
        own = folder / release
        options = [f"--cluster={cluster}", f"--istio={release}", f"--reports={own}"]
        command = again([*options, *([f"--steps={steps}"] if steps else [])])
        console.print(f"matrix: Istio {release} …")
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environments[release]
        )
        (own / "output.txt").parent.mkdir(parents=True, exist_ok=True)
        (own / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode not in (0, 1):
            console.print(done.stdout + done.stderr, markup=False)
            return done.returncode
        found, had = (
            json.loads((own / "latest" / name).read_text("utf-8"))
            for name in ("report.json", "configuration.json")
        )
        rows.append(row(release, found, had))
    _write(rows, folder)
    _show(rows, console)
    console.print(f"report: {folder / 'matrix.html'}")
    return 0 if all(each.passed for each in rows) else 1


def _write(rows: Sequence[Row], folder: Path) -> None:
    (folder / "matrix.json").write_text(as_json(rows), encoding="utf-8")
    (folder / "matrix.html").write_text(as_html(rows), encoding="utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(as_markdown(rows))


def _show(rows: Sequence[Row], console: Console) -> None:
    """One line a step and one column a release: thirteen steps fit a terminal's height."""
    table = Table(
        Column("step", no_wrap=True), *(f"{each.release}\nEnvoy {each.envoy}" for each in rows)
    )
    for step in rows[0].cells:
        table.add_row(step, *(words(each.cells[step]) for each in rows))
    console.print(table)
    for before, after in pairwise(rows):
        for each in changes(before, after):
            console.print(f"{after.release}: {each}", markup=False)
    for after, said in configuration_words(rows):
        console.print(f"{after.release}: {said}", markup=False)
    console.print(first_broken(rows) or "every row passed")
    console.print(ran(rows), markup=False)
