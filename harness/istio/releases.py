"""Which Istio: a release by number, the latest one, or an istioctl that is there already.

Layout of a release page (source: github.com/istio/istio, releases): BASE/latest redirects to
BASE/tag/VERSION; BASE/download/VERSION/istioctl-VERSION-PLATFORM.tar.gz has a .sha256 beside it.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import EnvironmentCannot, UsageError
from harness.istio import cache, istioctl
from harness.istio.default import DEFAULT_ISTIO
from harness.istio.fetch import fetch, redirect_of
from harness.istio.platforms import Platform, this_platform

RELEASES: Final = "https://github.com/istio/istio/releases"
MIRROR: Final = "ISTIO_MIRROR"
"""Environment variable with another base URL of the same layout."""
VERSION: Final = re.compile(r"\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?")
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Istioctl:
    """An istioctl binary and the release it installs; the version is empty if it has none."""

    binary: Path
    version: str


def find_istioctl(wanted: str) -> Istioctl:
    """The istioctl for ``ISTIO=wanted``: a release, ``latest``, a path, or empty.

    Empty takes the istioctl on PATH, whatever its version, and else the default release. Raises
    UsageError for what is none of these and EnvironmentCannot if it cannot be had.
    """
    check(wanted)
    if not wanted and (found := shutil.which("istioctl")):
        return _of_file(Path(found))
    if _is_path(wanted):
        return _of_file(Path(wanted))
    platform = this_platform()
    version = latest() if wanted == LATEST else wanted or DEFAULT_ISTIO
    return Istioctl(_of_release(version, platform), version)


def check(wanted: str) -> None:
    """Look at the words alone; UsageError if ``ISTIO=wanted`` can mean nothing."""
    if wanted and wanted != LATEST and not _is_path(wanted) and not VERSION.fullmatch(wanted):
        raise UsageError(
            f"ISTIO={wanted!r} is no release",
            "use a number such as 1.31.0, latest, or the path of an istioctl",
        )


def latest() -> str:
    """Number of the newest release that is no pre-release. Raises DownloadFailed."""
    location = redirect_of(f"{base()}/latest")
    version = location.rstrip("/").rpartition("/")[2]
    if not VERSION.fullmatch(version):
        raise EnvironmentCannot(
            f"{base()}/latest leads to {location}, which names no release",
            "name the release instead of latest, for example ISTIO=1.31.0",
        )
    return version


def base() -> str:
    """Base URL of the releases, a mirror's if one is named."""
    return (os.environ.get(MIRROR) or RELEASES).rstrip("/")


def archive(version: str, platform: Platform) -> str:
    """Name of the release's file for a platform, such as istioctl-1.31.0-osx-arm64.tar.gz."""
    system = {"darwin": "osx"}.get(platform.system, platform.system)
    return f"istioctl-{version}-{system}-{platform.architecture}.tar.gz"


def _of_release(version: str, platform: Platform) -> Path:
    kept = cache.folder() / f"istioctl-{version}-{platform}"
    if kept.is_file():
        return kept
    url = f"{base()}/download/{version}/{archive(version, platform)}"
    return fetch(url, f"{url}.sha256", kept, member="istioctl")


def _of_file(path: Path) -> Istioctl:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise EnvironmentCannot(f"{path} is no executable file", "name an istioctl, or a release")
    return Istioctl(path.resolve(), istioctl.client_version(path))


def _is_path(wanted: str) -> bool:
    return "/" in wanted
