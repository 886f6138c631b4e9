"""What the node agent cannot do.

NodeSetupError   the node cannot start on this machine; the process ends with exit code 3
CannotStart      a container cannot be started (yet); becomes its ``waiting`` state
"""

from __future__ import annotations


class NodeSetupError(Exception):
    """This machine cannot be a node. ``reason`` names what and why, ``remedy`` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


class CannotStart(Exception):
    """A container cannot be started. ``reason`` is kubelet's word, such as ErrImagePull."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
