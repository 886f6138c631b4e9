"""The Node object: what this machine says of itself; and the check that Envoy runs on it."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from harness.local.envoy_version import ask_version
from harness.local.node.errors import NodeSetupError

KUBELET_VERSION: Final = "v1.37.1+local"
"""The Kubernetes whose kubelet is followed; the API server names the same."""
NODE: Final = "local"
"""The one node's name."""
MAX_PODS: Final = 110
"""kubelet's default --max-pods."""
VERSION_SECONDS: Final = 20.0
"""How long ``envoy --version`` may take: reading a large binary from a cold disk."""


async def envoy_version(binary: str, asked: subprocess.Popen[bytes] | None = None) -> str:
    """Version of the Envoy binary, such as ``1.40.0``; NodeSetupError if it does not run.

    ``asked`` is an ``envoy --version`` of this binary that has been started already.
    """
    remedy = "install the locked dependencies (make), or name another binary with --envoy"
    _check_executable(binary, remedy)
    try:
        process = asked or ask_version(binary)
    except OSError as error:
        raise NodeSetupError(
            f"Envoy {binary} cannot be executed: {error.strerror}", remedy
        ) from error
    try:
        output, _ = await asyncio.to_thread(process.communicate, timeout=VERSION_SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        await asyncio.to_thread(process.wait)
        raise NodeSetupError(
            f"Envoy {binary} --version did not answer within {VERSION_SECONDS:g} s", remedy
        ) from error
    text = output.decode(errors="replace").strip()
    found = re.search(r"version: \w+/(\d+\.\d+\.\d+[^/]*)/", text)
    if process.returncode or found is None:
        said = text.splitlines()[-1] if text else "nothing"
        raise NodeSetupError(
            f"Envoy {binary} does not run on this machine ({platform.machine()}): "
            f"exit code {process.returncode}, it said: {said}",
            remedy,
        )
    return found[1]


def _check_executable(binary: str, remedy: str) -> None:
    if not Path(binary).is_file():
        raise NodeSetupError(f"there is no Envoy binary at {binary}", remedy)
    if not os.access(binary, os.X_OK):
        raise NodeSetupError(f"Envoy {binary} is not executable", f"chmod +x {binary}, or {remedy}")


def node_object(address: str, cidr: str, now: str) -> dict[str, Any]:
    """The Node, ready, with what the machine has."""
    capacity = {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{_memory_kib()}Ki",
        "pods": str(MAX_PODS),
    }
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(
        platform.machine(), platform.machine()
    )
    return {
        "metadata": {
            "name": NODE,
            "labels": {
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": architecture,
                "node-role.kubernetes.io/control-plane": "",
            },
        },
        "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": NODE},
            ],
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastHeartbeatTime": now,
                    "lastTransitionTime": now,
                }
                for kind, status, reason, message in (
                    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "not watched here"),
                    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "not watched here"),
                    ("PIDPressure", "False", "KubeletHasSufficientPID", "not watched here"),
                    ("Ready", "True", "KubeletReady", "the local node agent is ready"),
                )
            ],
            "nodeInfo": {
                "architecture": architecture,
                "bootID": "",
                "containerRuntimeVersion": "processes://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": KUBELET_VERSION,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "this machine, as plain processes",
                "systemUUID": "",
            },
        },
    }


def _memory_kib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
