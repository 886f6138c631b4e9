"""Asks the Envoy binary for its version, early: the answer comes while rooms are imported."""

from __future__ import annotations

import subprocess


def ask_version(binary: str) -> subprocess.Popen[bytes]:
    """Start ``envoy --version``, which ends by itself. OSError if it cannot be executed."""
    return subprocess.Popen(
        [binary, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
