"""Whole local clusters as `harness up` starts them, in a state folder of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Harness:
    """The `harness` command with a private state folder."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "HARNESS_HOME": str(self.home)}

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "harness"), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def up(self, name: str, *more: str) -> dict[str, Any]:
        done = self.run("up", "--name", name, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.status(name)

    def status(self, name: str) -> dict[str, Any]:
        done = self.run("status", "--name", name, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def kubectl(
        self, status: dict[str, Any], *arguments: str, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "kubectl"), "--cache-dir", str(self.home / "cache"), *arguments],
            env={**os.environ, "KUBECONFIG": status["kubeconfig"]},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@contextmanager
def command() -> Iterator[Harness]:
    """The command with a new state folder; what runs there is stopped at the end."""
    # Not tmp_path: Unix sockets lie below it, whose paths end at 108 bytes.
    home = Path(tempfile.mkdtemp(prefix="h"))
    harness = Harness(home)
    try:
        yield harness
    finally:
        for entry in home.iterdir():
            if entry.is_dir() and entry.name != "cache":
                harness.run("down", "--name", entry.name)
        shutil.rmtree(home)
