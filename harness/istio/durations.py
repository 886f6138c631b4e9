"""Durations as Istio's objects and Envoy's configuration write them. Pure."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)")
_MILLISECONDS: Final = {
    "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6
}  # fmt: skip


def milliseconds(text: str) -> float:
    """``1m30s`` in milliseconds, exact to a microsecond; what is no duration counts nothing.

    Source: pkg.go.dev/time#ParseDuration, of which a protobuf duration's JSON is a part.
    """
    return round(
        sum(float(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text)), 3
    )
