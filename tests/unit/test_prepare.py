"""tools/prepare.py says what is wrong on a Python that is too old, in that Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PREPARE = Path(__file__).resolve().parents[2] / "tools" / "prepare.py"
PRETEND_OLD = (
    "import runpy, sys\n"
    "sys.version_info = (3, 8, 0, 'final', 0)\n"
    "sys.argv = ['prepare.py', 'run']\n"
    f"runpy.run_path({str(PREPARE)!r}, run_name='__main__')\n"
)


def test_too_old_a_python_is_exit_3_with_the_reason_and_the_remedy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRETEND_OLD],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert "Python 3.8 is too old: 3.11 or newer is needed" in done.stderr
    assert "remedy: install Python 3.11" in done.stderr


def test_a_newer_python_on_the_path_is_taken_instead(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(PREPARE, checkout / "tools")
    (checkout / "requirements").mkdir()
    for name in ("requirements/run.txt", "pyproject.toml"):
        (checkout / name).touch()
    said = tmp_path / "said"
    newer = tmp_path / "python3.12"
    newer.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$@" >> {said}\nexit 1\n')
    newer.chmod(0o755)
    script = PRETEND_OLD.replace(str(PREPARE), str(checkout / "tools" / "prepare.py"))
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 3, "making the .venv fails here, and that is said"
    assert "python3-venv" in done.stderr
    assert said.read_text().startswith("-m venv")


@pytest.mark.parametrize("target", ["e2e", "test", "lint", "up", "down", "bench", "clean"])
def test_make_lists_its_targets(target: str) -> None:
    done = subprocess.run(
        ["make", "-s"], cwd=PREPARE.parents[1], capture_output=True, text=True, check=True
    )
    assert f"make {target} " in done.stdout
