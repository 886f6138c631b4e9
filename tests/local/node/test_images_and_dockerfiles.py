"""From an image's name to what is executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.local.node import images
from harness.local.node.blueprints import without_bind
from harness.local.node.dockerfile import DockerfileError, ImageConfig, parse
from harness.local.node.errors import CannotStart

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("catalog", "catalog"),
        ("istioinaction/catalog:1.0.0", "catalog"),
        ("localhost:5000/shop/catalog", "catalog"),
        ("registry.example/shop/catalog:1@sha256:0123", "catalog"),
        ("docker.io/istio/proxyv2:1.31.0", "proxyv2"),
    ],
)
def test_the_last_path_element_names_the_service(reference: str, name: str):
    assert images.image_name(reference) == name


@pytest.mark.parametrize("image", ["docker.io/istio/proxyv2:1.31.0", "auto", "x/proxyv2"])
def test_proxy_images(image: str):
    assert images.is_proxy_image(image)
    assert not images.is_proxy_image("x/proxyv2-app:1")


@pytest.mark.parametrize("reference", ["../secret:1", "x/..", "", ".:1"])
def test_a_name_cannot_leave_the_services_folder(tmp_path: Path, reference: str):
    services = tmp_path / "services"
    services.mkdir()
    (tmp_path / "Dockerfile").write_text('CMD ["x"]')
    with pytest.raises(CannotStart, match="Known images: none"):
        images.resolve(reference, services)


def test_a_dockerfile_is_read_as_docker_reads_it():
    config = parse(
        """
# syntax=docker/dockerfile:1
FROM python:3.13 AS build
ENV LOST=1
CMD ["lost"]
FROM python:3.13-slim
WORKDIR /app
ENV A=1 \\
    # a comment inside a continued line
    B="two words" C=$A-${B}
ENV D old form
ENV PATH=/opt/venv/bin:$PATH
expose 3000/tcp 9000
CMD ["first"]
CMD ["gunicorn", "--workers", "1", "app:app"]
"""
    )
    assert config == ImageConfig(
        command=("gunicorn", "--workers", "1", "app:app"),
        environment={"A": "1", "B": "two words", "C": "1-two words", "D": "old form"},
        ports=(3000, 9000),
    )


def test_entrypoint_and_shell_form():
    config = parse('FROM x\nENTRYPOINT ["python"]\nCMD ["-m", "app"]')
    assert (config.entrypoint, config.command) == (("python",), ("-m", "app"))
    assert parse("FROM x\nCMD exec app --now").command == ("/bin/sh", "-c", "exec app --now")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM x\nRUN true", "neither CMD nor ENTRYPOINT"),
        ("FROM x\nCMD ['single']", "not a JSON array"),
        ("FROM x\nCMD [1]", "not a JSON array of strings"),
    ],
)
def test_a_dockerfile_that_does_not_say_how_to_start(text: str, words: str, tmp_path: Path):
    with pytest.raises(DockerfileError, match=words):
        parse(text)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_text(text)
    with pytest.raises(CannotStart, match=words):
        images.resolve("web:1", tmp_path)


def test_the_shop_s_own_images_are_known():
    known = images.known_images(ROOT / "services")
    assert known == ["catalog", "forum", "webapp"]
    for name in known:
        assert images.resolve(f"istioinaction/{name}:1", ROOT / "services").config.command[0] == (
            "gunicorn"
        )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("gunicorn", "-b", "0.0.0.0:80", "app:app"), ("gunicorn", "app:app")),
        (("gunicorn", "--bind=:80", "-w", "2", "app"), ("gunicorn", "-w", "2", "app")),
        (("/usr/bin/gunicorn", "-b0.0.0.0:80", "app"), ("/usr/bin/gunicorn", "app")),
        (("python", "-m", "gunicorn", "--bind", ":1", "a"), ("python", "-m", "gunicorn", "a")),
        (("python", "app.py", "--bind", ":1"), ("python", "app.py", "--bind", ":1")),
    ],
)
def test_only_gunicorn_loses_its_bind(given: tuple[str, ...], kept: tuple[str, ...]):
    assert without_bind(given) == kept
