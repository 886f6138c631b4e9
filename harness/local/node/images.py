"""Image → what to start: ``any/catalog:tag`` is the service package ``<services>/catalog``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.local.contracts import PROXY_IMAGE_NAME
from harness.local.node import dockerfile
from harness.local.node.dockerfile import DockerfileError, ImageConfig
from harness.local.node.errors import CannotStart

AUTO_IMAGE: Final = "auto"
"""Image of a gateway whose proxy Istio's injector fills in."""


@dataclass(frozen=True, slots=True)
class Image:
    """A service package and what its Dockerfile says."""

    folder: Path
    config: ImageConfig


def image_name(reference: str) -> str:
    """Last path element without tag and digest: ``localhost:5000/a/catalog:1@sha256:…`` →
    ``catalog``."""
    last = reference.rpartition("/")[2]
    return re.split("[:@]", last, maxsplit=1)[0]


def is_proxy_image(reference: str) -> bool:
    """The container is an Envoy."""
    return image_name(reference) in (PROXY_IMAGE_NAME, AUTO_IMAGE)


def known_images(services: Path) -> list[str]:
    """Names of the images that can be started."""
    return sorted(path.parent.name for path in services.glob("*/Dockerfile"))


def resolve(reference: str, services: Path) -> Image:
    """The image's package; CannotStart with ErrImagePull if there is none."""
    name = image_name(reference)
    folder = services / name
    if not name or name.startswith(".") or not (folder / "Dockerfile").is_file():
        known = ", ".join(known_images(services)) or "none"
        raise CannotStart(
            "ErrImagePull",
            f'Failed to pull image "{reference}": the local cluster starts service packages, and '
            f"there is none called {name!r}. Known images: {known}. To add one, create the folder "
            f"{folder} with a Dockerfile whose CMD starts the service; registry and tag are free.",
        )
    try:
        config = dockerfile.parse((folder / "Dockerfile").read_text())
    except DockerfileError as error:
        raise CannotStart(
            "ErrImagePull", f'Failed to pull image "{reference}": {folder / "Dockerfile"}: {error}'
        ) from error
    return Image(folder, config)
