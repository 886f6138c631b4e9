"""What the node agent cannot do.

NodeSetupError   the node cannot start on this machine; the process ends with exit code 3
CannotStart      a container cannot be started (yet); becomes its ``waiting`` state
"""

from __future__ import annotations

from harness.local.contracts import SetupError


class NodeSetupError(SetupError):
    """This machine cannot be a node."""


class CannotStart(Exception):
    """A container cannot be started. ``reason`` is kubelet's word, such as ErrImagePull."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
