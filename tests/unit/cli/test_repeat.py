"""A row of runs: every one counts once, failed ones are kept, and the ledger adds up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from harness.cli.commands import run
from harness.cli.repeat import again, repeated

WRITES_A_REPORT = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
count = folder / "count"
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
code = json.loads(sys.argv[2])[number - 1]
status = "failed" if code else "passed"
step = {"id": "header", "status": status, "checks": [{"false_alarm": 1e-6}, {"false_alarm": 2e-6}]}
(folder / "latest").mkdir(exist_ok=True)
(folder / "latest" / "report.json").write_text(json.dumps({"started": "now", "steps": [step]}))
print("what run", number, "said", *sys.argv[3:])
sys.exit(code)
"""


def row(folder: Path, codes: list[int]) -> tuple[int, list[str]]:
    said: list[str] = []
    command = [sys.executable, "-c", WRITES_A_REPORT, str(folder), json.dumps(codes)]
    return repeated(command, len(codes), folder, said.append, first_seed=7), said


def entries(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def test_a_row_that_passes(tmp_path: Path) -> None:
    code, said = row(tmp_path, [0, 0, 0])
    assert code == 0
    assert [entry["exit"] for entry in entries(tmp_path)] == [0, 0, 0]
    assert [entry["seed"] for entry in entries(tmp_path)] == [7, 8, 9]
    assert "0 of 3 runs failed" in said[-1]
    assert "at most 3.0e-06 of the time" in said[-1]
    assert not (tmp_path / "failed").exists()


def test_a_failure_is_counted_kept_and_not_tried_again(tmp_path: Path) -> None:
    code, said = row(tmp_path, [0, 1, 0])
    assert code == 1
    assert [entry["failed"] for entry in entries(tmp_path)] == [[], ["header"], []]
    assert "run 2 of 3: FAILED (header)" in said[1]
    assert "1 of 3 runs failed" in said[-1]
    assert "look for a cause" in said[-1]
    kept = tmp_path / "failed" / "2"
    assert json.loads((kept / "report.json").read_text())["steps"][0]["status"] == "failed"
    assert "what run 2 said --seed=8" in (kept / "output.txt").read_text()
    assert said[1].endswith("seed 8")


@pytest.mark.parametrize("code", [2, 3])
def test_what_cannot_run_ends_the_row_with_its_code(tmp_path: Path, code: int) -> None:
    ended, said = row(tmp_path, [0, code, 0])
    assert ended == code
    assert len(entries(tmp_path)) == 1
    assert "what run 2 said" in said[-1]


def test_real_runs_make_a_row(tmp_path: Path) -> None:
    said: list[str] = []
    command = again(["--steps=install", f"--reports={tmp_path}"])
    assert repeated(command, 2, tmp_path, said.append, first_seed=7) == 0, said
    assert [entry["exit"] for entry in entries(tmp_path)] == [0, 0]
    assert "0 of 2 runs failed" in said[-1]


def test_nothing_is_kept_running_between_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["e2e", "--repeat", "2", "--keep"]) == 2
    assert "leave --keep out" in capsys.readouterr().err
    assert run(["e2e", "--repeat", "0"]) == 2
