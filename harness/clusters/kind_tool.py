"""kind itself: which binary, which node image, the cluster's configuration and command lines."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from harness.errors import EnvironmentCannot, UsageError
from harness.istio import cache
from harness.istio.fetch import fetch, make_executable
from harness.istio.platforms import this_platform

KIND: Final = "0.33.0"
DOWNLOADS: Final = "https://github.com/kubernetes-sigs/kind/releases/download"
MIRROR: Final = "KIND_MIRROR"
"""Environment variable with another base URL of the same layout."""
NODE_IMAGES: Final[Mapping[str, str]] = {
    "1.37": (
        "kindest/node:v1.37.0"
        "@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
    ),
    "1.36": (
        "kindest/node:v1.36.1"
        "@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"
    ),
    "1.34": (
        "kindest/node:v1.34.0"
        "@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"
    ),
}
"""By Kubernetes minor (source: kind, pkg/apis/config/defaults/image.go of v0.33, v0.32, v0.30)."""
KUBERNETES: Final = "1.36"
"""Older than kind's own default: one that the supported Istio releases have been tested with."""
NODE_PORT: Final = 30080
"""The ingress gateway's port on the node, mapped to a port of this machine."""


def find_kind() -> Path:
    """The kind on PATH, or the locked release, fetched once. Raises EnvironmentCannot."""
    if found := shutil.which("kind"):
        return Path(found)
    platform = this_platform()
    kept = cache.folder() / f"kind-{KIND}-{platform}"
    if kept.is_file():
        return kept
    url = f"{downloads()}/v{KIND}/kind-{platform}"
    return fetch(url, f"{url}.sha256sum", kept)


def downloads() -> str:
    """Base URL of kind's releases, a mirror's if one is named."""
    return (os.environ.get(MIRROR) or DOWNLOADS).rstrip("/")


def node_image(kubernetes: str) -> str:
    """The node image of a Kubernetes minor, by digest, or a full image name as it is."""
    if "/" in kubernetes:
        return kubernetes
    minor = ".".join((kubernetes or KUBERNETES).removeprefix("v").split(".")[:2])
    if minor not in NODE_IMAGES:
        raise UsageError(
            f"no node image is known for Kubernetes {kubernetes!r}",
            f"use one of {', '.join(NODE_IMAGES)}, or a whole image name with its digest",
        )
    return NODE_IMAGES[minor]


def configuration(image: str, ingress_port: int) -> str:
    """kind's configuration: one node; the ingress on a loopback port (kind.sigs.k8s.io)."""
    mapping = {
        "containerPort": NODE_PORT,
        "hostPort": ingress_port,
        "listenAddress": "127.0.0.1",
        "protocol": "TCP",
    }
    node = {"role": "control-plane", "image": image, "extraPortMappings": [mapping]}
    document: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"apiServerAddress": "127.0.0.1"},
        "nodes": [node],
    }
    return yaml.safe_dump(document, sort_keys=False)


def load_arguments(name: str, archive: Path) -> list[str]:
    """Load all images of an archive at once; works with Podman too, unlike docker-image."""
    return ["load", "image-archive", str(archive), "--name", name]


def talking_to(kind: Path, environment: Mapping[str, str], log: Path, script: Path) -> Path:
    """A ``kind`` for pytest-kind, which runs it by path: with our environment and its log kept.

    KindCluster lets kind write to our own standard error, where a report could not quote it.
    """
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    line = f'{settings} exec {shlex.quote(str(kind))} "$@" 2>>{shlex.quote(str(log))}'
    text = script.with_suffix(".txt")
    try:
        text.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    except OSError as error:
        raise EnvironmentCannot(
            f"{text} cannot be written: {error.strerror}", "make room, or set HARNESS_HOME"
        ) from error
    make_executable(text, script)
    return script
