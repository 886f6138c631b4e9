"""Where the repository lies: manifests, services and the end-to-end tests are found from here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
"""The checkout's top folder; paths in the chapter are relative to it."""
E2E_TESTS: Final = ROOT / "tests" / "e2e"
SERVICES: Final = ROOT / "services"
REPORTS: Final = ROOT / "reports"
NAMESPACE: Final = "istioinaction"
"""Where the shop and the chapter's Istio objects live."""
OUTSIDE_USERS: Final = ROOT / "harness" / "local" / "outside" / "users.json"
"""What the stand-in for the outside world answers, on every cluster."""
CHAPTER_SETTING: Final = (
    SERVICES / "catalog" / "kubernetes" / "catalog-svc.yaml",
    SERVICES / "webapp" / "kubernetes" / "webapp.yaml",
    SERVICES / "webapp" / "istio" / "webapp-catalog-gw-vs.yaml",
    ROOT / "ch5" / "catalog-dest-rule.yaml",
    ROOT / "ch5" / "catalog-gateway.yaml",
)
"""Manifests that the chapter's other files speak of."""
CHAPTER_FILES: Final = tuple(sorted(set((ROOT / "ch5").glob("*.yaml")) - set(CHAPTER_SETTING)))
"""The chapter's rules; several define the same object, one step after the other."""
