"""MeshConfig: the text in the ConfigMap as a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from harness.local.pilot.model import MeshConfig, OutboundMode


def mesh_config(config_map: Mapping[str, Any] | None) -> MeshConfig:
    """The mesh's settings; Istio's defaults where there is no ConfigMap or no such key."""
    text = ((config_map or {}).get("data") or {}).get("mesh") or ""
    values = yaml.safe_load(text) or {}
    mode = (values.get("outboundTrafficPolicy") or {}).get("mode", OutboundMode.ALLOW_ANY)
    return MeshConfig(OutboundMode(mode), values.get("accessLogFile") or "")
