"""This machine, in the words that release files use."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Final

from harness.errors import EnvironmentCannot

SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin"}
ARCHITECTURES: Final = {
    "x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system and architecture as Go names them, such as ``linux`` and ``amd64``."""

    system: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.system}-{self.architecture}"


def this_platform(system: str = "", machine: str = "") -> Platform:
    """The platform of this machine (or of these ``platform`` names); EnvironmentCannot if none."""
    system = system or platform.system()
    machine = machine or platform.machine()
    if system not in SYSTEMS or machine.lower() not in ARCHITECTURES:
        raise EnvironmentCannot(
            f"there is no release of kind and Istio for {system} on {machine}",
            "use Linux or macOS on x86-64 or arm64 (on Windows: WSL 2)",
        )
    return Platform(SYSTEMS[system], ARCHITECTURES[machine.lower()])
