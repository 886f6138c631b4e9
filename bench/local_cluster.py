"""How fast and how small the local cluster is: figures as ratios where the machine is noisy.

Usage: .venv/bin/python bench/local_cluster.py
"""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import requests
import yaml
from kubernetes import client, config

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
RUNS: Final = 11
BRING_UPS: Final = 9
POLL_SECONDS: Final = 0.005
OBJECTS: Final = 1_000
THREADS: Final = 4
ROUNDS: Final = 5
VIRTUAL_SERVICES: Final = 2_000
FILES: Final = (
    "catalog-dest-rule", "catalog-gateway", "catalog-vs-v1", "catalog-vs-v1-mesh",
    "forum-serviceentry",
)  # fmt: skip


def main() -> int:
    """Measure one fresh cluster and print a line a figure."""
    home = Path(tempfile.mkdtemp(prefix="h"))
    environment = {**os.environ, "HARNESS_HOME": str(home), "HOME": str(home)}
    # Sources edited since they were installed would be compiled anew at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        _bring_ups(home, environment)
        kubeconfig = next(home.rglob("kubeconfig"))
        environment["KUBECONFIG"] = str(kubeconfig)
        _kubectl(environment)
        config.load_kube_config(str(kubeconfig))
        # Before the objects: they stay, and would be counted as the cluster's own.
        idle = _resident(home)
        _objects()
        _memory(home, idle)
    finally:
        _harness("down", environment).wait()
        shutil.rmtree(home)
    return 0


def _harness(command: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [BIN / "harness", command, "--name", "bench"],
        env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _bring_ups(home: Path, environment: dict[str, str]) -> None:
    """Several clusters, one after the other; the last is left running."""
    took = [_bring_up(home, environment)]
    while len(took) < BRING_UPS:
        _harness("down", environment).wait()
        took.append(_bring_up(home, environment))
    first, whole = (sorted(each) for each in zip(*took, strict=True))
    print(
        f"harness up: first answer of the API after {statistics.median(first):.2f} s "
        f"({first[0]:.2f}-{first[-1]:.2f}), ready after {statistics.median(whole):.2f} s; "
        f"medians of {BRING_UPS}"
    )


def _bring_up(home: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of `harness up` to the first answer, and to its end."""
    started = time.perf_counter()
    first = 0.0
    with _harness("up", environment) as up:
        while not first and up.poll() is None:
            first = _answered(home, started)
            # A tight loop would take a core from what is being measured.
            time.sleep(POLL_SECONDS)
        if up.wait() != 0:
            raise SystemExit("harness up failed")
    return first or _answered(home, started), time.perf_counter() - started


def _answered(home: Path, started: float) -> float:
    for kubeconfig in home.rglob("kubeconfig"):
        found: Any = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        if not found:
            continue
        cluster = found["clusters"][0]["cluster"]
        authority = home / "ca.pem"
        authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        try:
            # Without the token: any answer, here a 401, shows that it answers.
            requests.get(f"{cluster['server']}/readyz", verify=str(authority), timeout=5)
        except requests.ConnectionError:
            continue
        return time.perf_counter() - started
    return 0.0


def _kubectl(environment: dict[str, str]) -> None:
    files = [part for name in FILES for part in ("-f", f"ch5/{name}.yaml")]
    applied, version = [], []
    for _ in range(RUNS):
        version.append(_timed(["version", "--client"], environment))
        applied.append(_timed(["apply", *files], environment))
        subprocess.run(
            [BIN / "kubectl", "delete", *files],
            env=environment, cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    least, each = statistics.median(version), statistics.median(applied)
    print(
        f"kubectl apply of {len(FILES)} Istio documents: {each * 1000:.0f} ms, "
        f"{each / least:.1f} times kubectl version --client ({least * 1000:.0f} ms); "
        f"medians of {RUNS}"
    )


def _timed(arguments: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [BIN / "kubectl", *arguments], env=environment, cwd=ROOT, check=True, capture_output=True
    )
    return time.perf_counter() - started


def _objects() -> None:
    core, version = client.CoreV1Api(), client.VersionApi()
    asking, creating, together = [], [], []
    for turn in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(OBJECTS):
            version.get_code()
        asked = time.perf_counter()
        for number in range(OBJECTS):
            _create(core, f"c{turn}-{number}")
        created = time.perf_counter()
        names = (f"t{turn}-{number}" for number in range(OBJECTS))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(_create, itertools.repeat(core), names))
        together.append(time.perf_counter() - created)
        creating.append(created - asked)
        asking.append(asked - started)
    create, ask = statistics.median(creating), statistics.median(asking)
    print(
        f"{OBJECTS} objects created by the Python client, one after another: {create:.2f} s "
        f"({min(creating):.2f}-{max(creating):.2f}), {create / ask:.1f} times as many "
        f"GET /version ({ask:.2f} s); by {THREADS} threads: {statistics.median(together):.2f} s "
        f"({min(together):.2f}-{max(together):.2f}); medians of {ROUNDS}"
    )


def _create(core: client.CoreV1Api, name: str) -> None:
    metadata = client.V1ObjectMeta(name=name)
    body = client.V1ConfigMap(metadata=metadata, data={"number": "1"})
    core.create_namespaced_config_map("default", body)


def _memory(home: Path, idle: float) -> None:
    custom = client.CustomObjectsApi()
    for number in range(VIRTUAL_SERVICES):
        body = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": f"v{number}"},
            "spec": {
                "hosts": [f"v{number}.example.com"],
                "http": [{"route": [{"destination": {"host": f"v{number}.example.com"}}]}],
            },
        }
        custom.create_namespaced_custom_object(
            "networking.istio.io", "v1", "default", "virtualservices", body
        )
    after = _resident(home)
    print(
        f"memory of the cluster's process: {idle:.0f} MB, {after:.0f} MB with these "
        f"{2 * ROUNDS * OBJECTS} objects and {VIRTUAL_SERVICES} VirtualServices more"
    )


def _resident(home: Path) -> float:
    """Resident megabytes of the process that serves the API."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            words = (status.parent / "cmdline").read_bytes().decode(errors="replace").split("\0")
            text = status.read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(home) in " ".join(words) and any("harness.local" in word for word in words):
            lines = [line for line in text.splitlines() if line.startswith("VmRSS")]
            found += [int(line.split()[1]) / 1000 for line in lines]
    if not found:
        raise SystemExit("the cluster's process was not found in /proc")
    return max(found)


if __name__ == "__main__":
    raise SystemExit(main())
