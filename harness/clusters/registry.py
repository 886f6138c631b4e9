"""Which kinds of cluster there are: the one place that knows their names."""

from __future__ import annotations

from harness.clusters.cluster import Cluster, ClusterOptions
from harness.clusters.local import LocalCluster
from harness.errors import EnvironmentCannot, UsageError


def open_cluster(kind: str, options: ClusterOptions) -> Cluster:
    """The cluster for ``CLUSTER=kind``, not launched yet.

    Raises UsageError for an unknown kind and EnvironmentCannot for one that cannot be had here.
    """
    if kind == "local":
        return LocalCluster(options, leased=not options.keep)
    if kind == "kind" or (kind.startswith("context:") and kind != "context:"):
        raise EnvironmentCannot(
            f"cluster {kind!r} is not available in this version",
            "use CLUSTER=local (the default), which needs neither Docker nor a Kubernetes cluster",
        )
    raise UsageError(f"there is no kind of cluster {kind!r}", "use CLUSTER=local")
