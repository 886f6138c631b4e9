"""The local cluster: starts its process and ends it. Known from outside only by its status line."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness import repository
from harness.clusters import state
from harness.clusters.cluster import ClusterOptions
from harness.clusters.envoy import find_envoy
from harness.clusters.state import Running
from harness.errors import BringUpFailed, EnvironmentCannot
from harness.istio.default import DEFAULT_ISTIO
from harness.waiting import BRING_UP, TEAR_DOWN

if TYPE_CHECKING:
    from harness.model import ClusterFacts

CONTROL_PLANE: Final = "local pilot (not istiod)"
LOG_TAIL_LINES: Final = 20
LEFT_RUNNING: Final[list[subprocess.Popen[bytes]]] = []
"""Outlives us on purpose: held, so that subprocess does not warn of a forgotten child."""


class LocalCluster:
    """One local cluster; ``leased`` ones end when this process does, whatever ends it."""

    patience = 1.0

    def __init__(self, options: ClusterOptions, *, leased: bool) -> None:
        self._options = options
        self._leased = leased
        self._name = state.check_name(options.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._status = -1
        self._lease = -1
        self._running: Running | None = None
        self._lock = ExitStack()

    def launch(self) -> None:
        """Start the process; EnvironmentCannot if one of this name runs or Envoy is missing."""
        envoy = find_envoy()
        state.sweep()
        directory, lock = self._lock.enter_context(state.locked(self._name))
        if found := state.find(self._name):
            self._lock.close()
            raise EnvironmentCannot(
                f"local cluster {self._name!r} is already running (pid {found.pid})",
                f"end it with `harness down --name {self._name}`, or choose another --name",
            )
        # Whoever finds a kubeconfig from now on has that of the new cluster.
        for left in ("cluster.json", "kubeconfig"):
            (directory / left).unlink(missing_ok=True)
        self._status, status_end = os.pipe()
        inherited = [status_end]
        command = [
            *(sys.executable, "-m", "harness.local"),
            *("--name", self._name),
            *("--directory", str(directory)),
            *("--services", str(repository.SERVICES)),
            *("--envoy", str(envoy)),
            *("--ingress-port", str(self._options.ingress_port)),
            *("--external", self._options.external),
            *("--istio", self._options.istio or DEFAULT_ISTIO),
            *("--status-fd", str(status_end)),
            # Inherited: a start goes on when we are killed, and may not be cleaned up meanwhile.
            *("--lock-fd", str(lock)),
        ]
        if self._leased:
            lease_end, self._lease = os.pipe()
            inherited.append(lease_end)
            command += ["--lease-fd", str(lease_end)]
        try:
            self._process = subprocess.Popen(
                command,
                cwd=repository.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[*inherited, lock],
                start_new_session=True,
            )
        finally:
            for descriptor in inherited:
                os.close(descriptor)

    def wait_ready(self) -> None:
        """Read the status line; BringUpFailed with the log's tail if there is none in time."""
        try:
            status = self._read_status()
        finally:
            os.close(self._status)
            self._status = -1
            self._lock.close()
        if not status.get("ready"):
            raise BringUpFailed(
                str(status.get("reason", "the local cluster did not come up")),
                str(status.get("remedy", "")),
                str(status.get("log_tail", "")),
            )
        self._running = Running.parse(self._name, status)

    @property
    def running(self) -> Running:
        """What it said when it was ready."""
        if self._running is None:
            raise BringUpFailed(f"local cluster {self._name!r} is not ready", "bring it up first")
        return self._running

    @property
    def kubeconfig(self) -> str:
        """Path of its kubeconfig."""
        return self.running.kubeconfig

    @property
    def ingress(self) -> str:
        """URL of its ingress gateway."""
        return self.running.ingress

    @property
    def is_kept(self) -> bool:
        """Whether ``stop`` leaves it running: asked for, and it came up."""
        return self._options.keep and self._running is not None

    def facts(self) -> ClusterFacts:
        """What runs; versions are empty until it is ready."""
        from harness.model import ClusterFacts

        found = self._running
        return ClusterFacts(
            cluster="local",
            istio=found.istio if found else self._options.istio or DEFAULT_ISTIO,
            envoy=found.envoy if found else "",
            kubernetes=found.kubernetes if found else "",
            control_plane=CONTROL_PLANE,
        )

    def phases(self) -> Mapping[str, float]:
        """None: it is ready in a second."""
        return {}

    def evidence(self) -> Mapping[str, str]:
        """None beyond what every cluster's API says."""
        return {}

    def log(self) -> str:
        """The cluster's own log."""
        try:
            return (state.root() / self._name / "cluster.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def stop(self) -> None:
        """End it and remove its folder, unless it is to be kept and came up."""
        self._lock.close()
        if self._process is None:
            return
        if self.is_kept:
            LEFT_RUNNING.append(self._process)
            return
        try:
            self._process.terminate()
            try:
                self._process.wait(TEAR_DOWN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(TEAR_DOWN)
        finally:
            for descriptor in (self._status, self._lease):
                if descriptor >= 0:
                    os.close(descriptor)
            self._status = self._lease = -1
        shutil.rmtree(state.root() / self._name, ignore_errors=True)
        self._process = None
        self._running = None

    def _read_status(self) -> dict[str, Any]:
        if self._process is None:
            raise BringUpFailed(f"local cluster {self._name!r} was not launched", "launch it first")
        deadline = time.monotonic() + BRING_UP
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._status], [], [], left)[0]:
                raise self._failed(f"did not answer within {BRING_UP:g} s")
            chunk = os.read(self._status, 65536)
            if not chunk:
                raise self._failed("ended without saying why")
            line += chunk
        status: dict[str, Any] = json.loads(line)
        return status

    def _failed(self, how: str) -> BringUpFailed:
        log = Path(state.root() / self._name / "cluster.log")
        return BringUpFailed(
            f"the process of local cluster {self._name!r} {how}",
            "`harness doctor` looks for what this machine lacks",
            "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:]) or f"({log} is empty)",
        )
