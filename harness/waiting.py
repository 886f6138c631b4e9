"""The one place where the harness waits: named time-outs and ``wait_until``.

Every wait has a condition and a bound, and on time-out raises what the condition last saw.
No other module of the harness sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

BRING_UP: Final = 60.0
"""Seconds from the start of the local cluster's process until it is ready."""
WORKLOAD_READY: Final = 60.0
"""Seconds for a Deployment's pods to be ready on the local cluster; others scale it."""
CONVERGENCE: Final = 15.0
"""Seconds for applied configuration to be live on every proxy concerned."""
MIRROR_LOGGED: Final = 10.0
"""Seconds for the last mirrored copy to appear in the access log."""
ACCESS_LOGGED: Final = 10.0
"""Seconds for access logs to account for every request, once a run is over."""
TRAFFIC_CONNECT: Final = 5.0
"""Seconds for the ingress to accept a connection; then the request counts as unanswered."""
TRAFFIC_ANSWER: Final = 10.0
"""Seconds from sending a request to its answer's last byte; then it counts as unanswered."""
TRAFFIC_SAMPLE: Final = 120.0
"""Seconds for a whole sample; a slower one is not judged, its step fails."""
TEAR_DOWN: Final = 5.0
"""Seconds until no process of a stopped local cluster is left."""


class WaitTimeout(Exception):
    """The condition did not hold in time. ``last`` is the reason it gave last."""

    def __init__(self, what: str, seconds: float, last: str) -> None:
        super().__init__(f"{what}: not within {seconds:g} s; last seen: {last}")
        self.what = what
        self.seconds = seconds
        self.last = last


class Pending(Exception):
    """Raised by a condition that does not hold yet; the message says what is missing."""


def wait_until(what: str, condition: Callable[[], T], seconds: float, interval: float = 0.02) -> T:
    """Call ``condition`` until it returns instead of raising Pending, and return its value.

    ``interval`` (seconds) is the pause between two looks. Any other exception passes through.
    Raises WaitTimeout with the last Pending's message.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return condition()
        except Pending as pending:
            if time.monotonic() >= deadline:
                raise WaitTimeout(what, seconds, str(pending)) from pending
        time.sleep(interval)
