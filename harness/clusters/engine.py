"""The command lines of a container engine, Docker or Podman, and what its failures mean."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import BringUpFailed, EnvironmentCannot
from harness.repository import SERVICES

ENGINES: Final = ("docker", "podman")
"""In the order they are looked for; $CONTAINER_ENGINE names one."""
VERSION_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "podman": ("version", "--format", "{{.Client.Version}}"),
}
SAVE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "docker": ("save",),
    "podman": ("save", "--format", "docker-archive", "--multi-image-archive"),
}
"""Several images in one archive; Podman keeps only the first unless told so (podman-save(1))."""
ANSWER_SECONDS: Final = 5.0
BUILD_SECONDS: Final = 900.0
TAIL_LINES: Final = 15
IMAGES: Final = ("catalog", "webapp", "forum")
NO_ENGINE: Final = (
    "install Docker (or Podman) and start it, or use CLUSTER=local, which needs neither"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers."""

    name: str
    binary: Path
    version: str

    @property
    def environment(self) -> dict[str, str]:
        """What kind must be told to use this engine (kind.sigs.k8s.io, "Rootless", "Podman")."""
        return {"KIND_EXPERIMENTAL_PROVIDER": self.name}


def image(service: str) -> str:
    """Full name of a service's image: without the registry, Podman would add localhost/."""
    return f"docker.io/istioinaction/{service}:1.0.0"


def find_engine() -> Engine:
    """The engine that answers; EnvironmentCannot says why none does, and what to do."""
    named = os.environ.get("CONTAINER_ENGINE")
    if named and named not in ENGINES:
        raise EnvironmentCannot(
            f"CONTAINER_ENGINE={named!r} is not known", f"use one of {', '.join(ENGINES)}"
        )
    wanted = (named,) if named else ENGINES
    present = [(name, path) for name in wanted if (path := shutil.which(name))]
    if not present:
        raise EnvironmentCannot(f"there is no {' and no '.join(wanted)} on PATH", NO_ENGINE)
    why: list[EnvironmentCannot] = []
    for name, path in present:
        try:
            return Engine(name, Path(path), _version(name, path))
        except EnvironmentCannot as error:
            why.append(error)
    raise why[0]


def build_arguments(service: str) -> list[str]:
    """Build one service's image from its folder."""
    return ["build", "--tag", image(service), str(SERVICES / service)]


def save_arguments(engine: str, services: Sequence[str], archive: Path) -> list[str]:
    """Write the images into one archive, which kind loads without asking the engine."""
    return [*SAVE_OF[engine], "--output", str(archive), *map(image, services)]


def run(engine: Engine, arguments: Sequence[str]) -> str:
    """What it says; BringUpFailed with the end of what it said if it fails."""
    try:
        done = subprocess.run(
            [engine.binary, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BringUpFailed(
            f"{engine.name} {arguments[0]} did not end within {BUILD_SECONDS:g} s",
            "check the network: a base image may be on its way",
        ) from error
    if done.returncode:
        raise BringUpFailed(
            f"{engine.name} {' '.join(arguments)} failed with exit code {done.returncode}",
            "its last words are below; without a network, base images and packages cannot be had",
            "\n".join(done.stdout.strip().splitlines()[-TAIL_LINES:]),
        )
    return done.stdout


def _version(name: str, path: str) -> str:
    try:
        done = subprocess.run(
            [path, *VERSION_OF[name]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentCannot(
            f"{name} does not answer within {ANSWER_SECONDS:g} s", f"restart it; or {NO_ENGINE}"
        ) from error
    except OSError as error:
        raise EnvironmentCannot(
            f"{path} cannot be executed: {error.strerror}", NO_ENGINE
        ) from error
    if done.returncode == 0 and done.stdout.strip():
        return done.stdout.strip()
    said = (done.stderr or done.stdout).strip().splitlines()
    words = said[-1] if said else f"exit code {done.returncode}"
    if "permission denied" in words.lower():
        raise EnvironmentCannot(
            f"{name} may not be used by this user: {words}",
            "add the user to group docker and log in again, or use rootless Docker or Podman",
        )
    raise EnvironmentCannot(f"{name} is installed but does not answer: {words}", NO_ENGINE)
