"""`harness matrix` as it is typed: one release for real, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from commands import BIN, ROOT


def _matrix(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    summary = str(home / "summary.md")
    return subprocess.run(
        [BIN / "harness", "matrix", *arguments],
        env={**os.environ, "GITHUB_STEP_SUMMARY": summary, "COLUMNS": "100", **more},
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_release_is_walked_and_every_form_of_the_table_says_so(tmp_path: Path) -> None:
    done = _matrix(
        "--istio", "1.32.0", "--steps", "gateway", "--reports", str(tmp_path), home=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every row passed" in done.stdout
    assert "says nothing about its istiod" in " ".join(done.stdout.split())
    found = json.loads((tmp_path / "matrix" / "matrix.json").read_text("utf-8"))
    (only,) = found["rows"]
    assert only["envoy"].startswith("1.40.")
    assert only["steps"]["gateway"]["status"] == "passed"
    assert only["steps"]["mirror"]["status"] == "skipped", "what did not run is not passed"
    assert "| 1.32.0 | 1.40." in (tmp_path / "summary.md").read_text("utf-8")
    assert "<title>Matrix" in (tmp_path / "matrix" / "matrix.html").read_text("utf-8")


def test_a_release_without_a_known_envoy_is_a_usage_error(tmp_path: Path) -> None:
    done = _matrix("--istio", "0.9.0", "--reports", str(tmp_path), home=tmp_path)
    assert done.returncode == 2
    assert "no Envoy is known for Istio '0.9.0'" in done.stderr


def test_a_cluster_that_cannot_be_had_ends_the_matrix(tmp_path: Path) -> None:
    wanted = ("--cluster", "kind", "--istio", "1.31.0", "--reports", str(tmp_path))
    done = _matrix(*wanted, home=tmp_path, PATH="/nonexistent")
    assert done.returncode == 3
    assert "no docker and no podman on PATH" in " ".join(done.stdout.split())


def test_other_clusters_need_their_releases_named(tmp_path: Path) -> None:
    done = _matrix("--cluster", "kind", "--reports", str(tmp_path), home=tmp_path)
    assert done.returncode == 2
    assert "name the releases" in done.stderr
