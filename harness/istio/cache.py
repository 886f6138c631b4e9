"""Where fetched tools are kept: one file a tool, version and platform, named so."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """$HARNESS_CACHE, or istio-chapter in $XDG_CACHE_HOME or ~/.cache. May not exist yet.

    A file put there by hand, under the name it would get, is used as it is: that is how a
    machine without a network is served.
    """
    named = os.environ.get("HARNESS_CACHE")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "istio-chapter"
