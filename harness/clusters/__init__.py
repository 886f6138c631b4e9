"""Where a run takes place: a cluster is a kubeconfig and an ingress URL behind one interface.

Bring-up, tear-down, applying manifests, exec and logs. Nothing outside this room (and
harness.istio) may ask which kind of cluster it is. It must not judge.

Importing this package is cheap: the Kubernetes client is imported when ``Api`` is first used,
so that a cluster can boot meanwhile.
"""

from harness.clusters.cluster import Cluster, ClusterOptions
from harness.clusters.registry import open_cluster

__all__ = ["Cluster", "ClusterOptions", "open_cluster"]
