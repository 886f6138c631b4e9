"""Starts of a cluster that are held at their first moment: the API answers, the rooms are missing.

A `sitecustomize` in the cluster's PYTHONPATH makes the import of the rooms wait for a FIFO.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.waiting import BRING_UP, Pending, wait_until
from tests.local.whole.commands import BIN, ROOT, Harness
from tests.local.whole.processes import commands, parents

GATE = "HELD_AT"
"""Names the FIFO in the environment of what is started."""
HOLD = f'''
import importlib.machinery
import os
import sys


class Held(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        with open(os.environ["{GATE}"]) as gate:
            gate.read()
        super().exec_module(module)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "harness.local.rooms":
            return None
        # Held when it is executed, not here: Python finds modules under one lock for all.
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Held(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder)
'''


@dataclass(frozen=True)
class HeldStart:
    """A `harness up` that goes no further than the first moment until it is released."""

    harness: Harness
    name: str
    gate: Path
    process: subprocess.Popen[str]

    def listening(self) -> str:
        """Wait until the API listens; the path of the kubeconfig."""
        path = self.harness.home / self.name / "kubeconfig"

        def written() -> str:
            if not path.exists():
                raise Pending("there is no kubeconfig")
            return str(path)

        return wait_until("the API listens", written, BRING_UP)

    @property
    def guardian(self) -> int:
        """Process id of the guardian: the one child of `harness up`."""
        children = {pid for pid, parent in parents().items() if parent == self.process.pid}
        (pid,) = (child for child in children if "harness.local" in commands({child})[0])
        return pid

    def release(self) -> None:
        """Let the import of the rooms go on."""

        def opened() -> int:
            try:
                return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                raise Pending("nobody reads the FIFO") from error

        os.close(wait_until("the import of the rooms is held", opened, BRING_UP))


@contextmanager
def held_start(harness: Harness, folder: Path, name: str) -> Iterator[HeldStart]:
    """`harness up`, held; what still runs of it at the end is ended as by Ctrl-C."""
    (folder / "sitecustomize.py").write_text(HOLD)
    gate = folder / "gate"
    os.mkfifo(gate)
    path = os.pathsep.join((str(folder), *filter(None, [os.environ.get("PYTHONPATH")])))
    process = subprocess.Popen(
        [str(BIN / "harness"), "up", "--name", name],
        env={**harness.environment, "PYTHONPATH": path, GATE: str(gate)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield HeldStart(harness, name, gate, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=BRING_UP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        # One whose `harness up` was killed goes on without it.
        for pid in parents():
            if any(f"--directory {harness.home / name} " in line for line in commands({pid})):
                os.kill(pid, signal.SIGKILL)
