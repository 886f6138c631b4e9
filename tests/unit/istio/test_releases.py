"""Which istioctl ISTIO=… means: a release, the latest, a path, or what is on PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import EnvironmentCannot, UsageError
from harness.istio import releases
from harness.istio.default import DEFAULT_ISTIO
from harness.istio.platforms import Platform, this_platform
from harness.istio.releases import find_istioctl
from tests.unit.istio.conftest import Mirror, archive

PLATFORM = this_platform()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mirror: Mirror, cache: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv(releases.MIRROR, f"{mirror.url}/releases")


def _publish(mirror: Mirror, version: str) -> None:
    name = releases.archive(version, PLATFORM)
    mirror.publish(f"/releases/download/{version}/{name}", archive())


def _script(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho client version: {version}\n")
    path.chmod(0o755)
    return path


def test_a_release_is_fetched_once_and_kept(mirror: Mirror, cache: Path) -> None:
    _publish(mirror, "1.30.3")
    found = find_istioctl("1.30.3")
    assert found.version == "1.30.3"
    assert found.binary == cache / f"istioctl-1.30.3-{PLATFORM}"
    asked = len(mirror.asked)
    assert find_istioctl("1.30.3") == found
    assert len(mirror.asked) == asked


def test_latest_follows_the_redirect_of_the_release_page(mirror: Mirror) -> None:
    _publish(mirror, "1.31.2")
    mirror.redirects["/releases/latest"] = f"{mirror.url}/releases/tag/1.31.2"
    assert find_istioctl("latest").version == "1.31.2"


def test_latest_that_leads_nowhere_is_refused(mirror: Mirror) -> None:
    mirror.redirects["/releases/latest"] = f"{mirror.url}/login"
    with pytest.raises(EnvironmentCannot, match="names no release"):
        find_istioctl("latest")


def test_nothing_said_takes_the_one_on_the_path(tmp_path: Path) -> None:
    _script(tmp_path / "bin" / "istioctl", "1.29.5")
    assert find_istioctl("").version == "1.29.5"


def test_nothing_said_and_nothing_there_takes_the_default(mirror: Mirror) -> None:
    _publish(mirror, DEFAULT_ISTIO)
    assert find_istioctl("").version == DEFAULT_ISTIO


def test_a_file_put_into_the_cache_by_hand_needs_no_network(mirror: Mirror, cache: Path) -> None:
    _script(cache / f"istioctl-1.28.1-{PLATFORM}", "1.28.1")
    assert find_istioctl("1.28.1").version == "1.28.1"
    assert mirror.asked == []


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = _script(tmp_path / "mine", "1.32.0-alpha.1")
    assert find_istioctl(str(path)).version == "1.32.0-alpha.1"


def test_a_path_without_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentCannot, match="no executable file"):
        find_istioctl(str(tmp_path / "none"))


@pytest.mark.parametrize("words", ["1.31", "v1.31.0", "newest", "1.31.0 ", "1.31.0;ls"])
def test_what_is_no_release_is_a_usage_error(words: str, mirror: Mirror) -> None:
    with pytest.raises(UsageError, match="is no release"):
        find_istioctl(words)
    assert mirror.asked == []


def test_names_of_the_release_files() -> None:
    assert releases.archive("1.31.0", Platform("linux", "amd64")) == (
        "istioctl-1.31.0-linux-amd64.tar.gz"
    )
    assert releases.archive("1.31.0", Platform("darwin", "arm64")) == (
        "istioctl-1.31.0-osx-arm64.tar.gz"
    )


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_a_platform_without_releases_is_refused(system: str, machine: str) -> None:
    with pytest.raises(EnvironmentCannot, match=f"{system} on {machine}"):
        this_platform(system, machine)


def test_platform_names() -> None:
    assert this_platform("Linux", "aarch64") == Platform("linux", "arm64")
    assert this_platform("Darwin", "x86_64") == Platform("darwin", "amd64")
