"""Durations as Istio's objects write them: Go's form, such as ``1.5s``, ``250ms``, ``1h5m``.

Source: protobuf's Duration in Kubernetes YAML, parsed by Go's time.ParseDuration.
"""

from __future__ import annotations

import re
from typing import Final

_WHOLE: Final = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+")
_PART: Final = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)")
_MILLISECONDS: Final = {
    "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6
}  # fmt: skip


def milliseconds(text: str) -> float | None:
    """The duration in milliseconds; None if it is none."""
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text))
