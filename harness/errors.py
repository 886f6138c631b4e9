"""Everything the harness raises on purpose.

    HarnessError
    ├── EnvironmentCannot    exit 3  the machine cannot do it: no Envoy, port taken, no rights
    │   └── BringUpFailed    exit 3  the cluster did not come up; carries the tail of its log
    ├── UsageError           exit 2  the command line or STEPS names what does not exist
    ├── ChapterError         exit 2  a step definition is not sound
    └── StepFailed           exit 1  a step could not be carried out
        ├── ApplyRefused     exit 1  the API server refused an object
        └── NotLive          exit 1  a proxy did not carry the configuration in time

Every error names its subject and says what to do; ``remedy`` is printed on a line of its own.
"""

from __future__ import annotations


class HarnessError(Exception):
    """Base of the tree. ``reason`` names the object and the value; ``remedy`` says what to do."""

    exit_code = 1

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason}\n  remedy: {self.remedy}" if self.remedy else self.reason


class EnvironmentCannot(HarnessError):
    """This machine cannot do what was asked."""

    exit_code = 3


class BringUpFailed(EnvironmentCannot):
    """The cluster's process ended or did not answer in time; ``log_tail`` is its last output."""

    def __init__(self, reason: str, remedy: str = "", log_tail: str = "") -> None:
        super().__init__(reason, remedy)
        self.log_tail = log_tail

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n  last lines of its log:\n{self.log_tail}" if self.log_tail else text


class UsageError(HarnessError):
    """The command line names something that does not exist."""

    exit_code = 2


class ChapterError(HarnessError):
    """A step definition is not sound."""

    exit_code = 2


class StepFailed(HarnessError):
    """A step could not be carried out."""


class ApplyRefused(StepFailed):
    """The API server refused an object of a manifest."""


class NotLive(StepFailed):
    """A proxy did not carry the applied configuration within the time-out."""
