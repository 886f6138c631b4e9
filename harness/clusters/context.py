"""An existing cluster, by the context that names it: the harness is a guest there.

It works from a copy of the kubeconfig with that one context, touches one namespace of its own,
and puts the mesh's outbound policy and the cluster's DNS back when it leaves.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from harness.clusters import ingress_address, mesh, preflight
from harness.clusters.cluster import ClusterOptions
from harness.errors import BringUpFailed, EnvironmentCannot
from harness.istio import istioctl, settings
from harness.istio.releases import find_istioctl
from harness.model import ClusterFacts, OutboundPolicy
from harness.repository import NAMESPACE, ROOT
from harness.waiting import TEAR_DOWN, Pending, WaitTimeout, wait_until

if TYPE_CHECKING:
    from harness.clusters.api import Api

PATIENCE: Final = 4.0
"""Images may have to be pulled."""
PROBE_SECONDS: Final = 2.0
FORWARD_SECONDS: Final = 15.0
KUBECTL_SECONDS: Final = 20.0


class ContextCluster:
    """The cluster of one kubeconfig context. Nothing is created but what ``stop`` removes."""

    patience = PATIENCE

    def __init__(self, context: str, options: ClusterOptions) -> None:
        self._context = context
        self._options = options
        self._folder: Path | None = None
        self._api: Api | None = None
        self._ingress = ""
        self._forward: subprocess.Popen[bytes] | None = None
        self._policy: OutboundPolicy | None = None
        self._has_stand_in = False
        self._claimed = False
        self._phases: dict[str, float] = {}
        self._facts = ClusterFacts(f"context:{context}", "", "", "", "")

    def launch(self) -> None:
        """Copy the context. EnvironmentCannot if there is none of that name."""
        self._folder = Path(tempfile.mkdtemp(prefix="istio-chapter-"))
        words = ("config", "view", "--raw", "--minify", "--flatten", "--context", self._context)
        done = _kubectl(*words)
        if done.returncode:
            known = ", ".join(_kubectl("config", "get-contexts", "--output", "name").stdout.split())
            raise EnvironmentCannot(
                f"kubectl knows no context {self._context!r}: {done.stderr.strip()}",
                f"contexts there are: {known}" if known else "set KUBECONFIG, or make a context",
            )
        copy = self._folder / "kubeconfig"
        copy.touch(mode=0o600)
        copy.write_text(done.stdout, encoding="utf-8")

    def wait_ready(self) -> None:
        """Claim the namespace, find the ingress, note what is there. EnvironmentCannot."""
        from harness.clusters import mesh_guest, stand_in
        from harness.clusters.api import Api

        started = time.monotonic()
        self._api = api = Api(self.kubeconfig, ROOT, self.patience)
        kubernetes = api.server_version()
        version = mesh_guest.istio_version(api)
        if not version:
            self._install_istio()
            version = mesh_guest.istio_version(api)
        if foreign := mesh_guest.foreign_routing(api, NAMESPACE):
            self._options.say(
                "note: other Istio objects are in this cluster and could change what is "
                f"answered: {', '.join(foreign)}"
            )
        policy = mesh_guest.outbound_policy(api)
        mesh_guest.claim(api, NAMESPACE)
        self._claimed, self._policy = True, policy
        if self._options.external == "stub":
            stand_in.require_dns(api)
            self._has_stand_in = True
            stand_in.install(api)
        self._ingress = self._find_ingress(api)
        self._facts = ClusterFacts(
            f"context:{self._context}", version, mesh_guest.envoy_version(api), kubernetes,
            mesh_guest.control_plane(api),
        )  # fmt: skip
        self._phases["prepare cluster"] = time.monotonic() - started

    @property
    def kubeconfig(self) -> str:
        """A private copy with the one context."""
        return str((self._folder or Path()) / "kubeconfig")

    @property
    def ingress(self) -> str:
        """Where the gateway answers."""
        return self._ingress

    @property
    def is_kept(self) -> bool:
        """Whether what the run left in the cluster is to stay there."""
        return self._options.keep and bool(self._ingress)

    def facts(self) -> ClusterFacts:
        """What runs; versions are empty until it is ready."""
        return self._facts

    def phases(self) -> Mapping[str, float]:
        """Seconds by part of the preparation."""
        return dict(self._phases)

    def evidence(self) -> Mapping[str, str]:
        """What istioctl says of the mesh, if there is one on PATH."""
        binary = shutil.which("istioctl")
        if not (binary and self._ingress):
            return {}
        return istioctl.evidence(Path(binary), self.kubeconfig, NAMESPACE)

    def log(self) -> str:
        """The cluster is not ours: no log of its own is kept."""
        return ""

    def stop(self) -> None:
        """Leave the cluster as it was found, unless it is to be kept."""
        if self.is_kept:
            return
        try:
            self._leave()
        finally:
            if self._forward is not None:
                self._forward.terminate()
                self._forward.wait(TEAR_DOWN)
                self._forward = None
            if self._api is not None:
                self._api.close()
                self._api = None
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    # --- inside -------------------------------------------------------------------------------

    def _leave(self) -> None:
        from harness.clusters import mesh_guest, stand_in

        if self._api is None:
            return
        if self._has_stand_in:
            self._has_stand_in = False
            stand_in.remove(self._api)
        if self._claimed:
            self._claimed = False
            mesh_guest.release(self._api, NAMESPACE, self._policy)

    def _install_istio(self) -> None:
        if not self._options.install_istio:
            raise EnvironmentCannot(
                f"cluster {self._context!r} has no Deployment istio-ingressgateway in istio-system",
                "install Istio (istioctl install --set profile=demo), or let the harness: "
                "--install-istio",
            )
        tool = find_istioctl(self._options.istio)
        wanted = Path(self.kubeconfig).with_name("istio.yaml")
        wanted.write_text(settings.operator(), encoding="utf-8")
        self._options.say(f"installing Istio {tool.version} …")
        istioctl.install(tool.binary, self.kubeconfig, wanted)

    def _find_ingress(self, api: Api) -> str:
        service = api.get("v1", "services", mesh.NAMESPACE, "istio-ingressgateway")
        nodes = api.objects("v1", "nodes")
        host = urlsplit(api.host).hostname or ""
        for candidate in ingress_address.candidates(service, nodes, host):
            if not candidate.probe or _connects(candidate.host, candidate.probe):
                return candidate.url
        return self._forwarded()

    def _forwarded(self) -> str:
        """A port of this machine, forwarded to the gateway by kubectl as long as the run lasts.

        The forward is one connection through the API server: slower than the other ways in.
        """
        port = preflight.ingress_port(self._options.ingress_port)
        what = f"{port}:{ingress_address.HTTP}"
        self._forward = subprocess.Popen(
            [
                *(_kubectl_binary(), "--kubeconfig", self.kubeconfig, "--namespace"),
                *(mesh.NAMESPACE, "port-forward", "service/istio-ingressgateway", what),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        forward = self._forward

        def listens() -> None:
            if (code := forward.poll()) is not None:
                raise BringUpFailed(
                    f"kubectl port-forward ended with exit code {code}",
                    "give the gateway's Service an address that this machine can reach",
                )
            if not _connects(ingress_address.LOCALHOST, port):
                raise Pending("it does not listen yet")

        try:
            wait_until("kubectl port-forward", listens, FORWARD_SECONDS)
        except WaitTimeout as timeout:
            raise BringUpFailed(
                str(timeout), "give the gateway's Service an address that this machine can reach"
            ) from timeout
        return f"http://{ingress_address.LOCALHOST}:{port}"


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), PROBE_SECONDS):
            return True
    except OSError:
        return False


def _kubectl_binary() -> str:
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.is_file() else shutil.which("kubectl")
    if not found:
        raise EnvironmentCannot("there is no kubectl", "make prepares one in .venv/bin")
    return found


def _kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [_kubectl_binary(), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=KUBECTL_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentCannot(
            f"kubectl {arguments[0]} could not be run: {error}", "harness doctor looks for it"
        ) from error
