"""The bring-up of a kind cluster as a whole.

No node image can be pulled everywhere, so kind, Docker and istioctl are scripts here that note
what they are told, and the cluster that "kind" creates is a local one with a real API server: what
is tested is the order of things, what is left in the cluster, and what is refused. Their real
command lines are tested in test_kind_cluster.py and test_istioctl.py.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clusters import ClusterOptions, mesh_guest
from harness.clusters.api import ISTIO_API, Api
from harness.clusters.kind import MARK, KindCluster
from harness.clusters.local import LocalCluster
from harness.errors import BringUpFailed, EnvironmentCannot
from harness.istio.default import DEFAULT_ISTIO
from harness.model import OutboundPolicy, SetOutboundPolicy
from harness.repository import ROOT
from harness.waiting import Pending, wait_until

NAMESPACE = "istioinaction"
KIND = """\
echo "kind $KIND_EXPERIMENTAL_PROVIDER $*" >> {notes}
case "$1 $2" in
"get clusters") cat {clusters} 2>/dev/null; exit 0 ;;
"create cluster")
  {pause}
  for word in "$@"; do case "$word" in
    --name=*) echo "${{word#--name=}}" >> {clusters} ;;
    --kubeconfig=*) cp {kubeconfig} "${{word#--kubeconfig=}}" ;;
  esac; done ;;
"load image-archive") test -s "$3" ;;
"delete cluster") rm -f {clusters} ;;
esac
"""
DOCKER = """\
echo "docker $*" >> {notes}
case "$1" in
version) echo 28.0.0 ;;
build) {build} ;;
save) echo images > "$3" ;;
esac
"""
ISTIOCTL = """\
echo "istioctl $*" >> {notes}
case "$1" in version) echo "client version: 1.31.0" ;; esac
"""


class Machine:
    """A machine with the three tools, and what they were told."""

    def __init__(self, folder: Path, kubeconfig: str) -> None:
        self.notes_file = folder / "notes"
        self._folder = folder
        self._words = {
            "notes": self.notes_file,
            "clusters": folder / "clusters",
            "kubeconfig": kubeconfig,
            "build": "true",
            "pause": ":",
        }
        self.install()

    def install(self, **words: str) -> None:
        self._words |= words
        for name, text in (("kind", KIND), ("docker", DOCKER), ("istioctl", ISTIOCTL)):
            path = self._folder / name
            path.write_text("#!/bin/sh\n" + text.format(**self._words))
            path.chmod(0o755)

    def notes(self) -> list[str]:
        return self.notes_file.read_text().splitlines() if self.notes_file.exists() else []


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """One of its own: a node that somebody else's tests have left things in is refused."""
    with tempfile.TemporaryDirectory(prefix="h") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_HOME", f"{home}/s")
        made = LocalCluster(ClusterOptions(f"t{secrets.token_hex(3)}"), leased=True)
        try:
            made.launch()
            made.wait_ready()
            patch.undo()
            yield made
        finally:
            patch.setenv("HARNESS_HOME", f"{home}/s")
            made.stop()


@pytest.fixture(scope="module")
def api(cluster: LocalCluster) -> Iterator[Api]:
    made = Api(cluster.kubeconfig, ROOT)
    yield made
    made.close()


@pytest.fixture
def machine(
    tmp_path: Path, cluster: LocalCluster, api: Api, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory(prefix="h") as home:
        monkeypatch.setenv("HARNESS_HOME", f"{home}/s")
        yield Machine(folder, cluster.kubeconfig)
    for plural, where, name in (
        ("namespaces", "", NAMESPACE),
        ("configmaps", MARK[2], MARK[3]),
    ):
        api.delete("v1", plural, where, name)
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY))


def made(**options: object) -> KindCluster:
    return KindCluster(ClusterOptions(**{"name": "e2e-x", "external": "live", **options}))  # type: ignore[arg-type]


def up(**options: object) -> KindCluster:
    cluster = made(**options)
    cluster.launch()
    cluster.wait_ready()
    return cluster


def test_a_run_s_cluster_is_made_described_and_deleted(machine: Machine, api: Api) -> None:
    said: list[str] = []
    kind = up(say=said.append)
    facts = kind.facts()
    assert (facts.cluster, facts.istio) == ("kind", DEFAULT_ISTIO)
    assert facts.kubernetes.startswith("v1.")
    assert facts.envoy.count(".") == 2
    assert kind.ingress.startswith("http://127.0.0.1:")
    assert Path(kind.kubeconfig).stat().st_mode & 0o077 == 0
    labels = api.get("v1", "namespaces", "", NAMESPACE)["metadata"]["labels"]
    assert mesh_guest.OWNER.items() <= labels.items()
    assert {"create cluster", "build images", "load images", "install Istio"} <= set(kind.phases())
    assert any(line.startswith("kind: create cluster:") for line in said)
    notes = machine.notes()
    order = [
        next(n for n, line in enumerate(notes) if words in line)
        for words in ("docker build", "docker save", "load image-archive", "istioctl install")
    ]
    assert order == sorted(order)
    assert sum("docker build" in line for line in notes) == 3
    assert sum("load image-archive" in line for line in notes) == 1, "all images at once"
    assert any("istioctl validate" in line for line in notes)
    assert any("istioctl analyze" in line for line in notes)
    folder = Path(kind.kubeconfig).parent
    kind.stop()
    assert "delete cluster" in machine.notes()[-1]
    assert not folder.exists()


def test_a_kept_cluster_is_used_again_and_emptied(machine: Machine, api: Api) -> None:
    first = up(name="mine", keep=True)
    first.stop()
    assert first.is_kept
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left"}}
    api.apply(config, NAMESPACE, "test")
    api.set_outbound_policy(SetOutboundPolicy(OutboundPolicy.REGISTRY_ONLY))
    second = up(name="mine", keep=True)
    assert second.ingress == first.ingress
    assert sum("create cluster" in line for line in machine.notes()) == 1
    assert sum("istioctl install" in line for line in machine.notes()) == 1
    names = {each["metadata"]["name"] for each in api.objects("v1", "configmaps", NAMESPACE)}
    assert "left" not in names
    assert mesh_guest.outbound_policy(api) is OutboundPolicy.ALLOW_ANY
    third = made(name="mine")
    third.launch()
    with pytest.raises(EnvironmentCannot, match="exists already"):
        third.wait_ready()
    third.stop()
    assert not any("delete cluster" in line for line in machine.notes()), "it is not its to delete"


def test_a_kept_cluster_with_another_istio_or_foreign_rules_is_refused(
    machine: Machine, api: Api
) -> None:
    up(name="mine", keep=True).stop()
    other = made(name="mine", keep=True, kubernetes="1.34")
    other.launch()
    with pytest.raises(EnvironmentCannot, match=r"has .*v1\.36.*wanted is .*v1\.34") as caught:
        other.wait_ready()
    assert "kind delete cluster --name mine" in caught.value.remedy
    other.stop()
    rule = {
        "apiVersion": ISTIO_API,
        "kind": "DestinationRule",
        "metadata": {"name": "theirs"},
        "spec": {"host": "x.example"},
    }
    api.ensure_namespace("theirs", {})
    api.apply(rule, "theirs", "test")
    again = made(name="mine", keep=True)
    again.launch()
    with pytest.raises(EnvironmentCannot, match="destinationrules theirs/theirs"):
        again.wait_ready()
    again.stop()
    api.delete("v1", "namespaces", "", "theirs")
    assert not any("delete cluster" in line for line in machine.notes())


def test_somebody_elses_cluster_of_that_name_is_never_touched(machine: Machine) -> None:
    (machine.notes_file.parent / "clusters").write_text("theirs\n")
    cluster = made(name="theirs", keep=True)
    cluster.launch()
    with pytest.raises(EnvironmentCannot, match="was not made by this harness"):
        cluster.wait_ready()
    cluster.stop()
    assert not any("delete cluster" in line for line in machine.notes())


def test_a_build_that_fails_ends_the_bring_up_and_deletes_the_cluster(machine: Machine) -> None:
    machine.install(build="echo no such base image; exit 1")
    cluster = made()
    cluster.launch()
    with pytest.raises(BringUpFailed, match="docker build") as caught:
        cluster.wait_ready()
    assert "no such base image" in caught.value.log_tail
    cluster.stop()
    assert "delete cluster" in machine.notes()[-1]


@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_while_kind_creates_deletes_the_cluster(
    machine: Machine, tmp_path: Path, wanted: signal.Signals
) -> None:
    machine.install(pause=f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    command = [sys.executable, "-c", "from harness.cli import main; main()", "e2e"]
    with subprocess.Popen(
        [*command, "--cluster=kind", "--external=live", f"--reports={tmp_path}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as run:  # fmt: skip

        def creating() -> None:
            if not any("create cluster" in line for line in machine.notes()):
                raise Pending("kind was not told to create")

        wait_until("kind create cluster", creating, 20)
        run.send_signal(wanted)
        (tmp_path / "go").touch()
        said = run.communicate(timeout=60)[0]
    assert run.returncode != 0, said
    assert "delete cluster" in machine.notes()[-1], machine.notes()
    assert (tmp_path / "latest" / "report.json").exists()
