"""Where the repository lies: manifests, services and the end-to-end tests are found from here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
"""The checkout's top folder; paths in the chapter are relative to it."""
E2E_TESTS: Final = ROOT / "tests" / "e2e"
SERVICES: Final = ROOT / "services"
REPORTS: Final = ROOT / "reports"
