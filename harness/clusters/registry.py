"""Which kinds of cluster there are: the one place that knows their names."""

from __future__ import annotations

from harness.clusters.cluster import Cluster, ClusterOptions
from harness.clusters.local import LocalCluster
from harness.errors import UsageError


def open_cluster(kind: str, options: ClusterOptions) -> Cluster:
    """The cluster for ``CLUSTER=kind``, not launched yet.

    Raises UsageError for an unknown kind and EnvironmentCannot for one that cannot be had here.
    """
    if kind == "local":
        return LocalCluster(options, leased=not options.keep)
    if kind == "kind":
        from harness.clusters.kind import KindCluster

        return KindCluster(options)
    if kind.startswith("context:") and kind != "context:":
        from harness.clusters.context import ContextCluster

        return ContextCluster(kind.removeprefix("context:"), options)
    raise UsageError(
        f"there is no kind of cluster {kind!r}", "use CLUSTER=local, kind or context:NAME"
    )
