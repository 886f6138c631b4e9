"""Sends requests and keeps every answer. It must not know what is expected of them.

One request, one answer: nothing is retried, nothing is dropped. What went wrong on the way is
an ``Answer`` without a status, whose ``error`` is one of a few fixed phrases (see ``wire``).
"""

from harness.traffic.send import CONNECTIONS, TIMEOUTS, Timeouts, send
from harness.traffic.wire import SENDER

__all__ = ["CONNECTIONS", "SENDER", "TIMEOUTS", "Timeouts", "send"]
