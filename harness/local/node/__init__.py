"""The node agent: pods as processes, with probes, restarts, logs, exec and Envoy sidecars.

The only room that starts processes. It must not decide how many pods there are (the
controllers') nor what a proxy routes (the pilot's).
"""

from harness.local.node.agent import NodeAgent
from harness.local.node.errors import NodeSetupError
from harness.local.node.injection import inject

__all__ = ["NodeAgent", "NodeSetupError", "inject"]
