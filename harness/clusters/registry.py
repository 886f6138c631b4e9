"""Which kinds of cluster there are: the one place that knows their names.

What only one kind needs is imported when it is asked for: every `harness up` passes here.
"""

from __future__ import annotations

from collections.abc import Callable

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


def known_releases(kind: str) -> tuple[str, ...]:
    """Istio releases that a matrix walks if none is named; none where they have to be named."""
    if kind != "local":
        return ()
    from harness.clusters.envoy_releases import ENVOY_OF_ISTIO

    return tuple(f"{minor}.0" for minor in ENVOY_OF_ISTIO)


def release_environment(kind: str, release: str, say: Callable[[str], object]) -> dict[str, str]:
    """What a run on this release needs in its environment, fetched first if need be.

    On the local cluster a release stands for its Envoy. Raises UsageError and EnvironmentCannot.
    """
    if kind != "local":
        return {}
    from harness.clusters.envoy_releases import envoy_binary, envoy_minor

    minor = envoy_minor(release)
    say(f"matrix: Istio {release} runs Envoy {minor}")
    return {"ENVOY": str(envoy_binary(minor))}
