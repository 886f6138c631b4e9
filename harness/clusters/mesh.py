"""The mesh configuration's outbound policy inside the ConfigMap's YAML: pure edits."""

from __future__ import annotations

from typing import Any, Final

import yaml

from harness.errors import StepFailed
from harness.model import OutboundPolicy

NAMESPACE: Final = "istio-system"
CONFIG_MAP: Final = "istio"
"""Where Istio keeps MeshConfig: key ``mesh``, as YAML (istio.io: global mesh options)."""
KEY: Final = "mesh"


def with_outbound_policy(mesh: str, mode: OutboundPolicy) -> str:
    """The same mesh configuration with that outbound policy."""
    settings = _parse(mesh)
    policy = settings.get("outboundTrafficPolicy") or {}
    settings["outboundTrafficPolicy"] = {**policy, "mode": str(mode)}
    return yaml.safe_dump(settings, sort_keys=False)


def outbound_policy(mesh: str) -> OutboundPolicy:
    """The policy in force; ALLOW_ANY where none is set, as in Istio."""
    policy = _parse(mesh).get("outboundTrafficPolicy") or {}
    return OutboundPolicy(policy.get("mode", OutboundPolicy.ALLOW_ANY))


def access_log_file(mesh: str) -> str:
    """``accessLogFile``; empty, Istio's default, means no access log."""
    return str(_parse(mesh).get("accessLogFile") or "")


def _parse(mesh: str) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(mesh) or {}
    except yaml.YAMLError as error:
        raise StepFailed(
            f"ConfigMap {NAMESPACE}/{CONFIG_MAP}: key {KEY!r} is not YAML: {error}",
            "repair it with kubectl edit, or install Istio again",
        ) from error
    if not isinstance(settings, dict):
        raise StepFailed(
            f"ConfigMap {NAMESPACE}/{CONFIG_MAP}: key {KEY!r} is no mapping: {settings!r}",
            "repair it with kubectl edit, or install Istio again",
        )
    return settings
