"""The command line of the local cluster's process: the only way in from outside."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Everything the local cluster's process is told at start. Paths are absolute."""

    name: str
    directory: str
    """Private (0700) and short: it holds Unix sockets, whose paths end at 108 bytes."""
    services: str
    """The folder of service packages; image ``any/catalog:tag`` starts ``services/catalog``."""
    envoy: str
    """The Envoy binary."""
    ingress_port: int = 0
    """Port on 127.0.0.1; 0 takes a free one of the NodePort range."""
    external: str = "stub"
    """``stub``: the outside world is the built-in stand-in; ``live``: the real one."""
    istio: str = ""
    """The Istio release whose behaviour is followed, as told to users."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the process was told. File descriptors are inherited; -1 means none."""

    config: ClusterConfig
    status_fd: int
    lease_fd: int
    lock_fd: int = -1
    """Locks the cluster's folder against a second start, and against whoever cleans up."""


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; exits with code 2 and a usage line if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m harness.local")
    parser.add_argument("--name", required=True)
    parser.add_argument("--directory", required=True, help="private, short, existing folder")
    parser.add_argument("--services", required=True, help="folder of service packages")
    parser.add_argument("--envoy", required=True, help="Envoy binary")
    parser.add_argument("--ingress-port", type=int, default=0)
    parser.add_argument("--external", choices=("stub", "live"), default="stub")
    parser.add_argument("--istio", default="")
    parser.add_argument("--status-fd", type=int, default=-1, help="one JSON line is written here")
    parser.add_argument("--lease-fd", type=int, default=-1, help="the cluster ends when it closes")
    parser.add_argument("--lock-fd", type=int, default=-1, help="closed when it is ready")
    given = parser.parse_args(arguments)
    config = ClusterConfig(
        name=given.name,
        directory=given.directory,
        services=given.services,
        envoy=given.envoy,
        ingress_port=given.ingress_port,
        external=given.external,
        istio=given.istio,
    )
    return Options(config, given.status_fd, given.lease_fd, given.lock_fd)
