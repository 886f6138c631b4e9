"""A kind cluster with real Istio: created, or a kept one used again.

Bring-up runs side by side what does not depend on each other: the images are built while the node
boots and istioctl arrives. Then: load the images, install Istio, stand in for the outside world.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.clusters import kind_tool, preflight, state
from harness.clusters.cluster import ClusterOptions
from harness.clusters.engine import IMAGES, Engine, build_arguments, find_engine, save_arguments
from harness.clusters.engine import run as run_engine
from harness.errors import BringUpFailed, EnvironmentCannot, UsageError
from harness.istio import istioctl, releases, settings
from harness.istio.default import DEFAULT_ISTIO
from harness.istio.releases import Istioctl, find_istioctl
from harness.model import ClusterFacts
from harness.repository import CHAPTER_FILES, CHAPTER_SETTING, NAMESPACE, ROOT

if TYPE_CHECKING:
    from pytest_kind import KindCluster as PytestKind

    from harness.clusters.api import Api

KEPT_NAME: Final = "istio-chapter"
"""Name of a cluster that is kept, unless another is given: the next KEEP=1 finds it by it."""
PATIENCE: Final = 4.0
"""Containers on a node that pulls, injects and probes: minutes where processes take seconds."""
LOAD_SECONDS: Final = 300.0
LOG_TAIL_LINES: Final = 25
MARK: Final = ("v1", "configmaps", "kube-system", "istio-chapter-harness")
"""Says that a cluster was made by the harness, and with which Istio and node image."""


class KindCluster:
    """One kind cluster. ``launch`` refuses what cannot work; the rest goes on in threads."""

    patience = PATIENCE

    def __init__(self, options: ClusterOptions) -> None:
        if options.external not in ("stub", "live"):
            raise UsageError(f"EXTERNAL={options.external!r} is not known", "use stub or live")
        releases.check(options.istio)
        self._image = kind_tool.node_image(options.kubernetes)
        self._options = options
        self._name = options.name
        if options.keep and options.name.startswith(state.RUN_PREFIX):
            self._name = KEPT_NAME
        self._folder = Path()
        self._engine: Engine | None = None
        self._port = 0
        self._kind: PytestKind | None = None
        self._pool = ThreadPoolExecutor(3, thread_name_prefix="kind")
        self._created: Future[bool] | None = None
        self._archive: Future[Path] | None = None
        self._istioctl: Future[Istioctl] | None = None
        self._phases: dict[str, float] = {}
        self._facts = ClusterFacts("kind", options.istio or DEFAULT_ISTIO, "", "", "istiod")
        self._is_ready = False
        self._was_kept = False

    def launch(self) -> None:
        """Check the machine, then begin: create, build and fetch side by side."""
        self._engine = find_engine()
        preflight.check_inotify()
        self._folder = state.root() / f"kind-{self._name}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        preflight.check_disk(self._folder)
        (self._folder / "kind.log").write_bytes(b"")
        self._was_kept = bool(self._known_port())
        self._port = self._known_port() or preflight.ingress_port(self._options.ingress_port)
        self._created = self._pool.submit(self._create)
        self._archive = self._pool.submit(self._build)
        self._istioctl = self._pool.submit(self._fetch_istioctl)

    def wait_ready(self) -> None:
        """Wait for all of it, then install. BringUpFailed or EnvironmentCannot."""
        if not (self._created and self._archive and self._istioctl):
            raise BringUpFailed("the kind cluster was not launched", "launch it first")
        begun: tuple[Future[Any], ...] = (self._created, self._archive, self._istioctl)
        for ended in wait(begun, return_when=FIRST_EXCEPTION).done:
            ended.result()
        is_new = self._created.result()
        archive, tool = self._archive.result(), self._istioctl.result()
        from harness.clusters import mesh_guest, stand_in
        from harness.clusters.api import Api

        with self._phase("load images"):
            self._load(archive)
        api = Api(self.kubeconfig, ROOT, self.patience)
        try:
            if is_new:
                with self._phase("install Istio"):
                    self._install(tool)
                self._mark(api, tool)
            else:
                self._take_over(api, tool)
            if self._options.external == "stub":
                with self._phase("stand-in"):
                    stand_in.install(api)
            mesh_guest.claim(api, NAMESPACE)
            version = tool.version or mesh_guest.istio_version(api)
            self._facts = ClusterFacts(
                "kind", version, mesh_guest.envoy_version(api), api.server_version(),
                mesh_guest.control_plane(api),
            )  # fmt: skip
        finally:
            api.close()
        self._is_ready = True

    @property
    def kubeconfig(self) -> str:
        """Its own file: the user's kubeconfig is never touched."""
        return str(self._folder / "kubeconfig")

    @property
    def ingress(self) -> str:
        """A port of 127.0.0.1 that kind maps to the gateway's NodePort."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_kept(self) -> bool:
        """Whether ``stop`` leaves it running: asked for, and it came up."""
        return self._options.keep and self._is_ready

    def facts(self) -> ClusterFacts:
        """What runs; versions are empty until it is ready."""
        return self._facts

    def phases(self) -> Mapping[str, float]:
        """Seconds by part of the bring-up; parts that ran side by side overlap."""
        return dict(self._phases)

    def evidence(self) -> Mapping[str, str]:
        """What istioctl says of the mesh."""
        tool = self._istioctl.result() if self._istioctl and self._is_ready else None
        return istioctl.evidence(tool.binary, self.kubeconfig, NAMESPACE) if tool else {}

    def log(self) -> str:
        """What kind said."""
        try:
            return (self._folder / "kind.log").read_text(errors="replace")
        except OSError:
            return ""

    def stop(self) -> None:
        """Delete what this run created, unless it is kept. Waits for what still runs."""
        for future in (self._created, self._archive, self._istioctl):
            if future is not None:
                future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self.is_kept or self._engine is None:
            return
        if self._kind is not None:
            try:
                self._kind.delete()
            except subprocess.CalledProcessError as error:
                raise EnvironmentCannot(
                    f"kind cluster {self._name!r} could not be deleted: {error}",
                    f"kind delete cluster --name {self._name}",
                ) from error
        if self._kind is not None or not self._was_kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- side by side -------------------------------------------------------------------------

    def _create(self) -> bool:
        """Create the cluster; False if a kept one of this name is there already."""
        with self._phase("create cluster"):
            binary = kind_tool.find_kind()
            if self._engine is None:
                raise BringUpFailed("there is no container engine", "install one")
            script = kind_tool.talking_to(
                binary, self._engine.environment,
                self._folder / "kind.log", self._folder / "kind",
            )  # fmt: skip
            known = self._clusters(script)
            if self._name in known and not self._options.keep:
                raise EnvironmentCannot(
                    f"a kind cluster {self._name!r} exists already",
                    f"choose another --name, or: kind delete cluster --name {self._name}",
                )
            from pytest_kind import KindCluster as PytestKind

            beside = Path(sys.executable).with_name("kubectl")
            cluster = PytestKind(
                self._name, kubeconfig=self._folder / "kubeconfig", image=self._image,
                kind_path=script, kubectl_path=beside,
            )  # fmt: skip
            wanted = self._folder / "kind.yaml"
            wanted.write_text(kind_tool.configuration(self._image, self._port), encoding="utf-8")
            if self._name in known and not (self._folder / "port").exists():
                raise EnvironmentCannot(
                    f"kind cluster {self._name!r} was not made by this harness",
                    f"choose another --name, or: kind delete cluster --name {self._name}",
                )
            if self._name not in known:
                # What is ours to delete: not a kept cluster that only was to be used again.
                self._kind = cluster
            try:
                cluster.create(wanted)
            except subprocess.CalledProcessError as error:
                raise self._failed("create cluster") from error
            (self._folder / "port").write_text(str(self._port), encoding="utf-8")
            return self._name not in known

    def _build(self) -> Path:
        """Images of the three services in one archive."""
        if self._engine is None:
            raise BringUpFailed("there is no container engine", "install one")
        with self._phase("build images"):
            for service in IMAGES:
                run_engine(self._engine, build_arguments(service))
            archive = self._folder / "images.tar"
            archive.unlink(missing_ok=True)
            run_engine(self._engine, save_arguments(self._engine.name, IMAGES, archive))
        return archive

    def _fetch_istioctl(self) -> Istioctl:
        with self._phase("fetch istioctl"):
            tool = find_istioctl(self._options.istio)
        with self._phase("validate the chapter's files"):
            found = istioctl.problems(tool.binary, NAMESPACE, CHAPTER_FILES, CHAPTER_SETTING)
        if found:
            raise BringUpFailed(
                "istioctl finds faults in the chapter's files", "correct them", "\n".join(found)
            )
        return tool

    # --- one after the other ------------------------------------------------------------------

    def _load(self, archive: Path) -> None:
        """Images without changes are recognised by kind, and not loaded again."""
        done = subprocess.run(
            [self._folder / "kind", *kind_tool.load_arguments(self._name, archive)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=LOAD_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise self._failed("load image-archive")
        archive.unlink()

    def _install(self, tool: Istioctl) -> None:
        wanted = self._folder / "istio.yaml"
        wanted.write_text(settings.operator(kind_tool.NODE_PORT), encoding="utf-8")
        istioctl.install(tool.binary, self.kubeconfig, wanted)

    def _mark(self, api: Api, tool: Istioctl) -> None:
        version, _, where, name = MARK
        data = {"istio": tool.version, "image": self._image, "external": self._options.external}
        mark = {"apiVersion": version, "kind": "ConfigMap", "metadata": {"name": name}}
        api.apply({**mark, "data": data}, where, "the mark of the harness")

    def _take_over(self, api: Api, tool: Istioctl) -> None:
        """Check that a kept cluster is ours and what is wanted, and clean."""
        from harness.clusters import mesh_guest
        from harness.clusters.connection import ApiRefused
        from harness.model import OutboundPolicy

        remedy = f"kind delete cluster --name {self._name}; or choose another --name"
        try:
            data = api.get(*MARK).get("data") or {}
        except ApiRefused as refused:
            raise EnvironmentCannot(
                f"kind cluster {self._name!r} was not made by this harness, or not to its end",
                remedy,
            ) from refused
        wanted = {"istio": tool.version, "image": self._image, "external": self._options.external}
        if data != wanted:
            raise EnvironmentCannot(
                f"the kept cluster {self._name!r} has {json.dumps(data)}, wanted is "
                f"{json.dumps(wanted)}",
                remedy,
            )
        if foreign := mesh_guest.foreign_routing(api, NAMESPACE):
            raise EnvironmentCannot(
                f"the kept cluster {self._name!r} is not clean: {', '.join(foreign)}",
                "delete these objects, or: " + remedy,
            )
        mesh_guest.release(api, NAMESPACE, OutboundPolicy.ALLOW_ANY)

    # --- inside -------------------------------------------------------------------------------

    def _known_port(self) -> int:
        """The ingress port of the kept cluster of this name; 0 if there is none."""
        try:
            return int((self._folder / "port").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0

    def _clusters(self, kind: Path) -> list[str]:
        done = subprocess.run(
            [kind, "get", "clusters"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise self._failed("get clusters")
        return done.stdout.split()

    def _failed(self, what: str) -> BringUpFailed:
        tail = "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:])
        return BringUpFailed(
            f"kind {what} failed", "its words are below; `harness doctor` checks this machine", tail
        )

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        say: Callable[[str], None] = self._options.say
        say(f"kind: {name} …")
        started = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = time.monotonic() - started
            say(f"kind: {name}: {self._phases[name]:.1f} s")
