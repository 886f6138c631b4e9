"""What a kind cluster is made of, and how its absence is explained; no engine is needed here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.clusters import ClusterOptions, engine, kind_tool, open_cluster, preflight
from harness.clusters.kind import KindCluster
from harness.errors import EnvironmentCannot, UsageError

KIND = os.environ.get("KIND") or shutil.which("kind")
real = pytest.mark.skipif(not KIND, reason="no kind: put one on PATH, or name one in KIND")


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CONTAINER_ENGINE", raising=False)
    return folder


def test_without_an_engine_the_remedy_names_the_local_cluster(path: Path) -> None:
    cluster = open_cluster("kind", ClusterOptions("e2e-x"))
    with pytest.raises(EnvironmentCannot, match="no docker and no podman on PATH") as caught:
        cluster.launch()
    assert "CLUSTER=local" in caught.value.remedy
    cluster.stop()


@pytest.mark.parametrize(
    ("said", "words", "remedy"),
    [
        ("permission denied while trying to connect", "may not be used by this user", "group"),
        ("Cannot connect to the Docker daemon", "does not answer", "start it"),
    ],
)
def test_an_engine_that_refuses(path: Path, said: str, words: str, remedy: str) -> None:
    program(path, "docker", f"echo '{said}' >&2; exit 1")
    with pytest.raises(EnvironmentCannot, match=words) as caught:
        engine.find_engine()
    assert remedy in caught.value.remedy


def test_podman_takes_dockers_place(path: Path) -> None:
    program(path, "docker", "exit 1")
    program(path, "podman", "echo 5.4.0")
    found = engine.find_engine()
    assert (found.name, found.version) == ("podman", "5.4.0")
    assert found.environment == {"KIND_EXPERIMENTAL_PROVIDER": "podman"}


def test_a_named_engine_is_the_only_one_looked_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "docker", "echo 28.0.0")
    monkeypatch.setenv("CONTAINER_ENGINE", "podman")
    with pytest.raises(EnvironmentCannot, match="no podman on PATH"):
        engine.find_engine()
    monkeypatch.setenv("CONTAINER_ENGINE", "lxc")
    with pytest.raises(EnvironmentCannot, match="'lxc' is not known"):
        engine.find_engine()


def test_images_are_those_of_the_manifests() -> None:
    folder = Path(__file__).parents[3] / "services"
    wanted = {
        container["image"]
        for file in folder.rglob("kubernetes/*.yaml")
        for document in yaml.safe_load_all(file.read_text())
        if document["kind"] == "Deployment"
        for container in document["spec"]["template"]["spec"]["containers"]
    }
    assert {engine.image(service).removeprefix("docker.io/") for service in engine.IMAGES} == wanted


def test_all_images_go_into_one_archive() -> None:
    docker = engine.save_arguments("docker", engine.IMAGES, Path("/a.tar"))
    assert docker == ["save", "--output", "/a.tar", *map(engine.image, engine.IMAGES)]
    assert "--multi-image-archive" in engine.save_arguments("podman", engine.IMAGES, Path("/a.tar"))


def test_the_configuration_maps_the_ingress_to_loopback() -> None:
    found = yaml.safe_load(kind_tool.configuration("node:1@sha256:x", 18080))
    (node,) = found["nodes"]
    assert node["image"] == "node:1@sha256:x"
    assert node["extraPortMappings"] == [
        {
            "containerPort": kind_tool.NODE_PORT,
            "hostPort": 18080,
            "listenAddress": "127.0.0.1",
            "protocol": "TCP",
        }
    ]


@pytest.mark.parametrize("minor", ["1.37", "1.36", "v1.36.1", "1.34", ""])
def test_node_images_are_pinned_by_digest(minor: str) -> None:
    name, _, digest = kind_tool.node_image(minor).partition("@sha256:")
    assert name.startswith(f"kindest/node:v{minor.removeprefix('v')[:4]}")
    assert len(digest) == 64


def test_a_node_image_of_ones_own() -> None:
    assert kind_tool.node_image("mirror.example/node:v1") == "mirror.example/node:v1"
    with pytest.raises(UsageError, match=r"Kubernetes '1\.12'"):
        kind_tool.node_image("1.12")


def test_wrong_words_are_a_usage_error_before_anything_is_started() -> None:
    with pytest.raises(UsageError, match="is no release"):
        KindCluster(ClusterOptions("x", istio="one"))
    with pytest.raises(UsageError, match="Kubernetes"):
        KindCluster(ClusterOptions("x", kubernetes="9.99"))


def test_kept_clusters_have_a_name_that_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KindCluster(ClusterOptions("e2e-abc", keep=True))._name == "istio-chapter"
    assert KindCluster(ClusterOptions("mine", keep=True))._name == "mine"
    assert KindCluster(ClusterOptions("e2e-abc"))._name == "e2e-abc"


def test_kind_runs_with_the_engine_named_and_its_words_are_kept(tmp_path: Path) -> None:
    tool = program(tmp_path / "bin", "kind", 'echo "$KIND_EXPERIMENTAL_PROVIDER $@"; echo no >&2')
    script = kind_tool.talking_to(
        tool, {"KIND_EXPERIMENTAL_PROVIDER": "podman"}, tmp_path / "log", tmp_path / "kind"
    )
    said = subprocess.run([script, "get", "a b"], capture_output=True, text=True, check=True)
    assert said.stdout == "podman get a b\n"
    assert (tmp_path / "log").read_text() == "no\n"


@real
@pytest.mark.parametrize(
    "words",
    [
        ["create", "cluster", "--name=x", "--kubeconfig=/k", "--image=i", "--config", "/c"],
        ["delete", "cluster", "--name=x", "--kubeconfig=/k"],
        ["get", "clusters"],
        kind_tool.load_arguments("x", Path("/images.tar")),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_flags_are_known_to_the_binary(words: list[str]) -> None:
    """What pytest-kind and we say to kind; --help parses the flags before it."""
    known = subprocess.run([str(KIND), *words, "--help"], capture_output=True, text=True)
    assert known.returncode == 0, known.stderr
    assert "Usage:" in known.stdout
    wrong = subprocess.run([str(KIND), *words, "--no-such-flag"], capture_output=True, text=True)
    assert "unknown flag" in wrong.stderr


def test_too_few_inotify_watches(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("512\n")
    with pytest.raises(EnvironmentCannot, match="max_user_watches is 8192") as caught:
        preflight.check_inotify(tmp_path)
    assert "sysctl fs.inotify.max_user_watches=" in caught.value.remedy
    (tmp_path / "max_user_watches").write_text("524288\n")
    assert "max_user_watches 524288" in preflight.check_inotify(tmp_path)
    assert preflight.check_inotify(tmp_path / "none") == "not limited here"


def test_too_little_disk(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentCannot, match="GB free"):
        preflight.check_disk(tmp_path, least=10**9)
    assert "GB free" in preflight.check_disk(tmp_path, least=0)
