"""The command lines of istioctl, all of them, and how its answers are read.

Checked against the binary itself by tests/unit/istio/test_istioctl.py.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from harness.errors import BringUpFailed, EnvironmentCannot

INSTALL_SECONDS: Final = 600.0
"""For pulling the images of Istio and starting them, on a slow line."""
ASK_SECONDS: Final = 60.0
ANALYSES: Final = 4
"""Side by side."""
TAIL_LINES: Final = 15


def install_arguments(kubeconfig: str, settings: Path) -> list[str]:
    """``istioctl install`` with the settings of a file (see ``settings.operator``)."""
    return [
        *("install", "--kubeconfig", kubeconfig, "--filename", str(settings)),
        *("--skip-confirmation", "--readiness-timeout", "5m0s"),
    ]


def manifest_arguments(settings: Path) -> list[str]:
    """What ``install`` would apply, printed as YAML."""
    return ["manifest", "generate", "--filename", str(settings)]


def validate_arguments(files: Sequence[Path]) -> list[str]:
    """Whether each object is sound, without a cluster."""
    return ["validate", *(word for file in files for word in ("--filename", str(file)))]


def analyze_arguments(files: Sequence[Path], namespace: str) -> list[str]:
    """What is wrong between objects of files, read into a namespace, without a cluster."""
    offline = ("--use-kube=false", "--color=false", "--namespace", namespace)
    return ["analyze", *offline, *map(str, files)]


def analyze_cluster_arguments(kubeconfig: str, namespace: str) -> list[str]:
    """What is wrong between the objects of a namespace in the cluster."""
    return ["analyze", "--kubeconfig", kubeconfig, "--namespace", namespace, "--color=false"]


def proxy_status_arguments(kubeconfig: str) -> list[str]:
    """Which proxies istiod knows, and whether each has acknowledged what it was sent."""
    return ["proxy-status", "--kubeconfig", kubeconfig]


def client_version(binary: Path) -> str:
    """Version of the binary itself, such as 1.31.0; empty if it was built without one."""
    said = ask(binary, ["version", "--remote=false"])
    found = re.search(r"\d+\.\d+\.\d+[\w.-]*", said)
    return found[0] if found else ""


def ask(binary: Path, arguments: Sequence[str]) -> str:
    """What it says; EnvironmentCannot if it does not run or fails."""
    done = _run(binary, arguments, ASK_SECONDS)
    if done.returncode:
        raise EnvironmentCannot(
            f"istioctl {' '.join(arguments)} failed with exit code {done.returncode}: "
            + _tail(done.stdout + done.stderr),
            "name another istioctl or another release with ISTIO=…",
        )
    return done.stdout


def install(binary: Path, kubeconfig: str, settings: Path) -> None:
    """Install Istio and wait until it is ready. Raises BringUpFailed with what it said."""
    done = _run(binary, install_arguments(kubeconfig, settings), INSTALL_SECONDS)
    if done.returncode:
        raise BringUpFailed(
            f"istioctl install failed with exit code {done.returncode}",
            "its words are below; images that cannot be pulled are the usual cause",
            _tail(done.stdout + done.stderr),
        )


def problems(
    binary: Path, namespace: str, files: Sequence[Path], setting: Sequence[Path]
) -> list[str]:
    """What ``validate`` and ``analyze`` find wrong with manifest files; empty if nothing.

    Files of one chapter redefine the same objects, so each is analyzed by itself, together with
    the ``setting``: the Services and Gateways it speaks of.
    """
    asked = [validate_arguments([*setting, *files])]
    asked += [analyze_arguments([*setting, each], namespace) for each in files]
    with ThreadPoolExecutor(ANALYSES) as pool:
        done = pool.map(lambda arguments: _run(binary, arguments, ASK_SECONDS), asked)
        return [
            f"istioctl {arguments[0]} … {arguments[-1]}: {_tail(each.stdout + each.stderr)}"
            for arguments, each in zip(asked, done, strict=True)
            if each.returncode
        ]


def evidence(binary: Path, kubeconfig: str, namespace: str) -> dict[str, str]:
    """What ``analyze`` and ``proxy-status`` say of a cluster, by file name, failures included."""
    asked = {
        "istioctl-analyze.txt": analyze_cluster_arguments(kubeconfig, namespace),
        "istioctl-proxy-status.txt": proxy_status_arguments(kubeconfig),
    }
    found = {}
    for name, arguments in asked.items():
        try:
            done = _run(binary, arguments, ASK_SECONDS)
            found[name] = done.stdout + done.stderr
        except EnvironmentCannot as error:
            found[name] = f"{error}\n"
    return found


def _run(
    binary: Path, arguments: Sequence[str], seconds: float
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [binary, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except OSError as error:
        raise EnvironmentCannot(
            f"{binary} cannot be executed: {error.strerror}",
            "it may be of another platform: remove it, and it is fetched anew",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentCannot(
            f"istioctl {arguments[0]} did not end within {seconds:g} s",
            "see whether the cluster can pull images: kubectl get pods -A",
        ) from error


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:])
