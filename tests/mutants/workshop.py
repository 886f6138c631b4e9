"""Breaks things: one cluster for all mutants, and for each a folder of manifests of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.chapter import NAMESPACE, lesson
from harness.clusters.api import Api
from harness.clusters.local import LocalCluster
from harness.diagnosis import Investigator
from harness.model import DeleteAll, OutboundPolicy, RunResult, SetOutboundPolicy
from harness.repository import ROOT
from harness.run import Conductor
from tests.mutants.mutant import Mutant, Sabotage

CHAPTER_KINDS = ("gateways", "virtualservices", "destinationrules", "serviceentries")


class Borrowed:
    """A cluster that runs already and goes on running."""

    is_kept = True

    def __init__(self, cluster: LocalCluster, ingress: str = "") -> None:
        self.kubeconfig = cluster.kubeconfig
        self.ingress = ingress or cluster.ingress
        self.facts = cluster.facts
        self.log = cluster.log
        self.phases = cluster.phases
        self.evidence = cluster.evidence

    def launch(self) -> None:
        pass

    def wait_ready(self) -> None:
        pass

    def stop(self) -> None:
        pass


def walk(mutant: Mutant, cluster: LocalCluster, folder: Path) -> RunResult:
    """Conduct the mutant's steps, those before them only applied, on a cluster made clean."""
    clean(cluster)
    root = manifests(mutant, folder / "root")
    steps = tuple(
        mutant.step(step) if mutant.step and step.id in mutant.red else step
        for step in lesson(mutant.lesson)
    )
    conductor = Conductor(
        steps,
        frozenset(mutant.conducted),
        cluster.facts(),
        lambda borrowed: Api(borrowed.kubeconfig, root),
        Investigator(folder / "evidence"),
    )
    with _ingress(mutant) as ingress:
        conductor.launch(Borrowed(cluster, ingress))
        conductor.bring_up()
        try:
            last = max(number for number, step in enumerate(steps) if step.id in mutant.conducted)
            for step in steps[: last + 1]:
                if step.id in mutant.red and mutant.sabotage is Sabotage.FREEZE_WEBAPP_PROXY:
                    with frozen(cluster, "webapp-"):
                        conductor.conduct(step)
                else:
                    conductor.conduct(step)
            if mutant.seen_by_logs or not mutant.red:
                conductor.hear()
        finally:
            conductor.stop()
    return conductor.result()


def clean(cluster: LocalCluster) -> None:
    """Back to a mesh without rules; applications are put right by the steps that apply them."""
    api = Api(cluster.kubeconfig, ROOT)
    try:
        api.perform(DeleteAll(CHAPTER_KINDS), NAMESPACE)
        api.perform(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY), NAMESPACE)
    finally:
        api.close()


def manifests(mutant: Mutant, root: Path) -> Path:
    """A copy of the repository's manifests with the mutant's changes."""
    for source in (*ROOT.glob("ch5/**/*.yaml"), *ROOT.glob("services/*/*/*.yaml")):
        target = root / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for change in mutant.changes:
        change.apply(root)
    return root


@contextmanager
def frozen(cluster: LocalCluster, pod: str) -> Iterator[None]:
    """The Envoy of the pod whose name begins so is stopped, and goes on afterwards."""
    found = list(_envoys(cluster, pod))
    assert found, f"no Envoy of a pod {pod}…"
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


def _envoys(cluster: LocalCluster, pod: str) -> Iterator[int]:
    """Process ids of Envoys of this cluster whose bootstrap names the pod."""
    home = str(Path(cluster.kubeconfig).parent)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # It has ended meanwhile, or is not ours to look at.
            continue
        for word in words:
            if word.startswith(home) and word.endswith("envoy.json"):
                bootstrap = Path(word)
                if f"{pod}" in bootstrap.read_text():
                    yield int(entry.name)


@contextmanager
def _ingress(mutant: Mutant) -> Iterator[str]:
    """An ingress URL that refuses connections, if the mutant asks for one: bound, not listening."""
    if mutant.sabotage is not Sabotage.CLOSED_INGRESS:
        yield ""
        return
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"
