"""The container images: built from their Dockerfiles and run, where a container engine is up."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator

import pytest
import requests

from harness.clusters import engine
from harness.errors import EnvironmentCannot
from harness.waiting import Pending, wait_until

PATHS = {"catalog": "3000/items", "webapp": "8080/api/healthz", "forum": "8080/api/healthz"}
Podlike = Callable[[str], str]


@pytest.fixture(scope="module")
def docker() -> engine.Engine:
    try:
        return engine.find_engine()
    except EnvironmentCannot as error:
        pytest.skip(f"no container engine: {error.reason}")


@pytest.fixture(scope="module")
def images(docker: engine.Engine) -> engine.Engine:
    base = "python:3.11-slim"
    pulled = subprocess.run([docker.binary, "image", "inspect", base], capture_output=True)
    if pulled.returncode:
        pulled = subprocess.run([docker.binary, "pull", base], capture_output=True, text=True)
    if pulled.returncode:
        pytest.skip(f"the base image {base} cannot be had here")
    for service in engine.IMAGES:
        engine.run(docker, engine.build_arguments(service))
    return docker


@pytest.fixture
def started(images: engine.Engine) -> Iterator[Podlike]:
    """Starts a service's container as a pod would: no rights, nothing to write but /tmp."""
    names: list[str] = []

    def start(service: str) -> str:
        name = f"t{secrets.token_hex(4)}"
        names.append(name)
        confined = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
        engine.run(images, ["run", "--detach", "--name", name, *confined, engine.image(service)])
        return name

    yield start
    for name in names:
        engine.run(images, ["rm", "--force", name])


@pytest.mark.parametrize("service", engine.IMAGES)
def test_a_container_answers_without_rights_and_ends_when_told(
    images: engine.Engine, started: Podlike, service: str
) -> None:
    name = started(service)
    assert engine.run(images, ["exec", name, "id", "-u"]).strip() == "10001"
    where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    address = engine.run(images, ["inspect", "--format", where, name]).strip()

    def answer() -> requests.Response:
        try:
            return requests.get(f"http://{address}:{PATHS[service]}", timeout=5)
        except requests.ConnectionError as error:
            raise Pending(str(error)) from error

    assert wait_until(service, answer, 30).status_code == 200
    engine.run(images, ["stop", "--time", "20", name])
    code = engine.run(images, ["inspect", "--format", "{{.State.ExitCode}}", name]).strip()
    assert code == "0", "it ended of itself when asked to, not by force"


def test_all_images_fit_one_archive(
    images: engine.Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive = tmp_path_factory.mktemp("images") / "images.tar"
    engine.run(images, engine.save_arguments(images.name, engine.IMAGES, archive))
    loaded = engine.run(images, ["load", "--input", str(archive)])
    for service in engine.IMAGES:
        assert engine.image(service).removeprefix("docker.io/") in loaded
    archive.unlink()
