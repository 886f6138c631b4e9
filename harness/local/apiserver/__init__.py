"""The Kubernetes-compatible API server: what kubectl and the official client talk to.

HTTP in, store out: discovery, tables, patches, validation, watches, logs and exec. It must not
decide what an object means for a proxy (the pilot's), nor start processes (the node agent's).
"""

from harness.local.apiserver.server import ApiServer

__all__ = ["ApiServer"]
