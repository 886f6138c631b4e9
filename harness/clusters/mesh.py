"""The mesh configuration's outbound policy inside the ConfigMap's YAML: pure edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from harness.errors import StepFailed
from harness.model import OutboundPolicy

NAMESPACE: Final = "istio-system"
CONFIG_MAP: Final = "istio"
"""Where Istio keeps MeshConfig: key ``mesh``, as YAML (istio.io: global mesh options)."""
KEY: Final = "mesh"
TELEMETRY_API: Final = "telemetry.istio.io/v1"
"""Served since Istio 1.22 (its release notes)."""


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


def why_no_access_log(mesh: str, telemetries: Iterable[Mapping[str, Any]]) -> str:
    """Why proxies do not log every request to their container's log in Istio's own form; or empty.

    ``telemetries`` are the cluster's Telemetry objects, which may take lines out of the log.
    Source: istio.io, global mesh options (accessLogFile and after) and telemetry.
    """
    settings = _parse(mesh)
    file = settings.get("accessLogFile")
    if not file:
        return "the mesh writes no access log (meshConfig.accessLogFile is empty)"
    if file not in ("/dev/stdout", "/dev/stderr"):
        return f"access logs go to a file of the proxy (meshConfig.accessLogFile is {file})"
    if settings.get("accessLogFormat"):
        return "access logs have a form of their own (meshConfig.accessLogFormat)"
    if (settings.get("defaultProviders") or {}).get("accessLogging"):
        return "access logs have other providers (meshConfig.defaultProviders.accessLogging)"
    for each in telemetries:
        if (each.get("spec") or {}).get("accessLogging"):
            metadata = each["metadata"]
            name = f"{metadata['namespace']}/{metadata['name']}"
            return f"Telemetry {name} decides what is logged (spec.accessLogging)"
    return ""


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
