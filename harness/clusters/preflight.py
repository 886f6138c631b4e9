"""What a kind cluster needs of this machine besides a container engine. Changes nothing."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Final

from harness.errors import EnvironmentCannot

INOTIFY: Final = {"max_user_watches": 65_536, "max_user_instances": 128}
"""Fewer make kubelet and kube-proxy fail (kind, "Known Issues": too many open files)."""
INOTIFY_FOLDER: Final = Path("/proc/sys/fs/inotify")
DISK_GB: Final = 8
"""Node image, Istio's and the shop's images, and what they unpack to."""
GB: Final = 1_000_000_000


def check_inotify(folder: Path = INOTIFY_FOLDER) -> str:
    """What there is, in words; EnvironmentCannot if it is too little. Not Linux: no limit."""
    said = []
    for name, least in INOTIFY.items():
        try:
            found = int((folder / name).read_text())
        except OSError:
            return "not limited here"
        said.append(f"{name} {found}")
        if found < least:
            raise EnvironmentCannot(
                f"fs.inotify.{name} is {found}: a Kubernetes node needs {least}",
                f"sudo sysctl fs.inotify.{name}={least * 8}",
            )
    return ", ".join(said)


def check_disk(folder: Path = Path("/"), least: int = DISK_GB) -> str:
    """Free gigabytes, in words; EnvironmentCannot if they are too few."""
    free = shutil.disk_usage(folder).free // GB
    if free < least:
        raise EnvironmentCannot(
            f"{folder} has {free} GB free: images need {least} GB",
            "make room, for example with `docker system prune`",
        )
    return f"{free} GB free on {folder}"


def ingress_port(wanted: int) -> int:
    """The port, or a free one for 0; EnvironmentCannot if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise EnvironmentCannot(
                f"ingress port {wanted} of 127.0.0.1 cannot be had: {error.strerror}",
                "end what listens there, or choose another --ingress-port",
            ) from error
        return int(probe.getsockname()[1])
