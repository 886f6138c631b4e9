"""Types a tutorial's commands into a real shell, one after the other, as a reader would."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import convergence
from harness.clusters import Cluster
from harness.clusters.api import ISTIO_API, Api
from harness.clusters.workloads import containers
from harness.model import ProxySelector
from harness.repository import ROOT
from harness.waiting import CONVERGENCE
from tests.tutorial.document import Block, Command, Shown, blocks, differences

SECONDS = 180
CHANGES = re.compile(r"\bkubectl\b.*\b(apply|delete|patch|scale|rollout|label|replace|create)\b")
NAMESPACE = "istioinaction"
GATEWAY = ProxySelector("gateway", "istio-system", {"istio": "ingressgateway"})


@dataclass(frozen=True)
class Fault:
    """What is not as the tutorial says."""

    line: int
    what: str
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}\n{self.words}"


class Reader:
    """One shell on one cluster. A reader takes seconds between two commands; here the
    configuration is proven to be live instead, so nothing is tried twice."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._api = Api(cluster.kubeconfig, ROOT, cluster.patience)
        self._seconds = CONVERGENCE * cluster.patience
        self._state = folder / "environment"
        beside = Path(sys.executable).parent
        self._state.write_text(
            f'export KUBECONFIG="{cluster.kubeconfig}" INGRESS="{cluster.ingress}" '
            f'PATH="{beside}:$PATH" TERM=dumb\n'
        )

    def close(self) -> None:
        self._api.close()

    def say(self, command: str) -> str:
        """Standard output and error of a command; the environment lasts to the next one."""
        script = f'. "{self._state}"\n{command}\ndeclare -px > "{self._state}"\n'
        done = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
        )  # fmt: skip
        if CHANGES.search(command.replace("\n", " ")):
            self._live()
        return done.stdout

    def _live(self) -> None:
        # Without a Gateway the edge's proxy has no routes that could be read back.
        selectors = [GATEWAY] if self._api.objects(ISTIO_API, "gateways", NAMESPACE) else []
        apps = {
            pod["metadata"]["labels"]["app"]
            for pod in self._api.pods(NAMESPACE, {})
            if "istio-proxy" in containers(pod)
        }
        selectors += [ProxySelector(app, NAMESPACE, {"app": app}) for app in sorted(apps)]
        if selectors:
            convergence.prove(self._api, selectors, self._seconds)


def faults(text: str, reader: Reader) -> Iterator[Fault]:
    """Everything that is not as the tutorial shows it, in order."""
    for block in blocks(text):
        if fault := _fault(block, reader):
            yield fault


def _fault(block: Block, reader: Reader) -> Fault | None:
    if isinstance(block, Shown):
        path = ROOT / block.path
        if not path.is_file():
            return Fault(block.line, f"there is no file {block.path}", "")
        if path.read_text().rstrip("\n") != block.text.rstrip("\n"):
            return Fault(block.line, f"{block.path} is not as shown", path.read_text())
    if isinstance(block, Command):
        said = reader.say(block.text)
        if words := differences(block, said):
            return Fault(block.line, f"$ {block.text}", words)
    return None
