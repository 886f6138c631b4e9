"""``harness e2e --repeat``: whole runs one after the other, and a ledger of what came of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.errors import EnvironmentCannot
from harness.verdict import Ledger, ledger

CANNOT: Final = EnvironmentCannot.exit_code
LEDGER: Final = "ledger.jsonl"
"""One line a run: number, seed, exit code, seconds, designed rate of false alarms, failed steps."""
FAILED: Final = "failed"
"""Folder of the whole reports of runs that failed, by number."""

Json = Mapping[str, Any]


def again(options: Sequence[str]) -> list[str]:
    """The command of one run with these options, in a process of its own."""
    return [sys.executable, "-c", "from harness.cli import main; main()", "e2e", *options]


def repeated(
    command: Sequence[str],
    runs: int,
    reports: Path,
    say: Callable[[str], object],
    first_seed: int,
) -> int:
    """Run ``command`` ``runs`` times; 0 if all passed, 1 if one failed, 2 or 3 as it says so.

    Each run has a seed of its own, counted up from ``first_seed``. Every run counts once, and
    none is tried again. A run that could not be made (exit code 2 or 3) ends the row: there is
    nothing to count.
    """
    reports.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(reports / FAILED, ignore_errors=True)
    failures, designed = 0, 0.0
    with (reports / LEDGER).open("w", encoding="utf-8") as book:
        for number in range(1, runs + 1):
            started = time.monotonic()
            seed = first_seed + number - 1
            done = subprocess.run(
                [*command, f"--seed={seed}"], capture_output=True, text=True, errors="replace"
            )
            seconds = time.monotonic() - started
            if done.returncode not in (0, 1):
                say(done.stdout + done.stderr)
                return done.returncode if done.returncode in (2, CANNOT) else 1
            entry = _entry(number, seed, done.returncode, seconds, _report(reports))
            book.write(json.dumps(entry) + "\n")
            book.flush()
            say(_line(entry, runs))
            designed = max(designed, entry["designed"])
            if done.returncode:
                failures += 1
                _keep(reports, number, done.stdout + done.stderr)
    compared = ledger(runs, failures, designed)
    say(_verdict(compared))
    return 1 if failures else 0


def _report(reports: Path) -> Json:
    """The report of the run just made; empty if it ended without one."""
    try:
        found: Json = json.loads((reports / "latest" / "report.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _entry(number: int, seed: int, code: int, seconds: float, report: Json) -> dict[str, Any]:
    steps = report.get("steps", ())
    return {
        "run": number,
        "seed": seed,
        "exit": code,
        "started": report.get("started", ""),
        "seconds": round(seconds, 1),
        # All checks together fail by chance at most as often as the sum of each one's bound.
        "designed": sum(check["false_alarm"] for step in steps for check in step["checks"]),
        "failed": [step["id"] for step in steps if step["status"] == "failed"],
    }


def _line(entry: Json, runs: int) -> str:
    if not entry["exit"]:
        return f"run {entry['run']} of {runs}: passed, {entry['seconds']} s"
    which = ", ".join(entry["failed"]) or "before the first step"
    return (
        f"run {entry['run']} of {runs}: FAILED ({which}), {entry['seconds']} s, "
        f"seed {entry['seed']}"
    )


def _keep(reports: Path, number: int, output: str) -> None:
    kept = reports / FAILED / str(number)
    if (reports / "latest").is_dir():
        shutil.copytree(reports / "latest", kept)
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "output.txt").write_text(output, encoding="utf-8")


def _verdict(found: Ledger) -> str:
    said = (
        f"{found.failures} of {found.runs} runs failed; by design a run of a right mesh fails at "
        f"most {found.designed:.1e} of the time; observed: at most {found.at_most:.2%} "
        "(95 % confidence)"
    )
    if found.failures and not found.explained:
        said += (
            f"\nchance explains that only with probability {found.chance:.1e}: look for a cause "
            "in the kept reports"
        )
    return said
