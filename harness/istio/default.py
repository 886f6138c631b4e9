"""The Istio that is meant when nobody says which."""

from __future__ import annotations

from typing import Final

DEFAULT_ISTIO: Final = "1.31.0"
"""The release that is installed on real clusters, and that the local pilot follows."""
