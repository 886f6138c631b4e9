"""MeshConfig: the text in the ConfigMap as a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from harness.local.pilot.model import MeshConfig, OutboundMode


def mesh_config(config_map: Mapping[str, Any] | None) -> MeshConfig:
    """The mesh's settings; Istio's defaults where there is no ConfigMap or no such key."""
    return _parsed(((config_map or {}).get("data") or {}).get("mesh") or "")


@lru_cache(maxsize=2)
def _parsed(text: str) -> MeshConfig:
    """Read once: every snapshot asks for it, and it seldom changes."""
    values = yaml.safe_load(text) or {}
    mode = (values.get("outboundTrafficPolicy") or {}).get("mode", OutboundMode.ALLOW_ANY)
    return MeshConfig(OutboundMode(mode), values.get("accessLogFile") or "")
