"""The one interface to a cluster: bring it up, reach it, end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Every `harness up` passes here, and needs no word of the steps' vocabulary.
    from harness.model import ClusterFacts


def _nothing(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a run asks of a cluster."""

    name: str
    """Name of the cluster to create, where the kind of cluster has names."""
    istio: str = ""
    """Istio release to run or to follow; empty for the default."""
    external: str = "stub"
    """``stub``: the outside world is a stand-in; ``live``: the real one."""
    keep: bool = False
    """Leave the cluster running when the run ends."""
    ingress_port: int = 0
    """Port of the ingress on this machine; 0 for a free one."""
    kubernetes: str = ""
    """Kubernetes minor to run, where the harness makes the cluster; empty for the default."""
    install_istio: bool = False
    """Install Istio into an existing cluster that lacks it."""
    say: Callable[[str], None] = _nothing
    """Called with lines about a bring-up that takes long."""


class Cluster(Protocol):
    """A kubeconfig and an ingress URL, once it is ready."""

    patience: float
    """How many times as long a workload may take to become ready as on the local cluster."""

    def launch(self) -> None:
        """Begin bring-up and return at once. Raises EnvironmentCannot."""

    def wait_ready(self) -> None:
        """Block until it can be used. Raises BringUpFailed or EnvironmentCannot."""

    @property
    def kubeconfig(self) -> str:
        """Path of a kubeconfig whose current context is the cluster."""

    @property
    def ingress(self) -> str:
        """URL of the ingress gateway, without a trailing slash."""

    @property
    def is_kept(self) -> bool:
        """Whether ``stop`` leaves it running."""

    def facts(self) -> ClusterFacts:
        """What runs; before it is ready, only what is known."""

    def phases(self) -> Mapping[str, float]:
        """Seconds by part of the bring-up, for who wonders where the time went; may be empty."""

    def evidence(self) -> Mapping[str, str]:
        """What tools of the cluster's own say of it now, by file name; may be empty."""

    def log(self) -> str:
        """The log of what the harness started, for the report of a failed run; may be empty."""

    def stop(self) -> None:
        """End what ``launch`` started, unless it is to be kept. May be called at any time."""
