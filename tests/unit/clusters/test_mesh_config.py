"""Edits of MeshConfig inside its ConfigMap."""

from __future__ import annotations

import pytest
import yaml

from harness.clusters import mesh
from harness.errors import StepFailed
from harness.model import OutboundPolicy

MESH = """\
accessLogFile: /dev/stdout
defaultConfig:
  proxyMetadata: {}
outboundTrafficPolicy:
  mode: ALLOW_ANY
trustDomain: cluster.local
"""


def test_only_the_policy_changes() -> None:
    changed = mesh.with_outbound_policy(MESH, OutboundPolicy.REGISTRY_ONLY)
    expected = yaml.safe_load(MESH) | {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    assert yaml.safe_load(changed) == expected
    assert mesh.outbound_policy(changed) is OutboundPolicy.REGISTRY_ONLY


@pytest.mark.parametrize("text", ["", "accessLogFile: x", "outboundTrafficPolicy: {}"])
def test_none_set_means_allow_any(text: str) -> None:
    assert mesh.outbound_policy(text) is OutboundPolicy.ALLOW_ANY
    changed = mesh.with_outbound_policy(text, OutboundPolicy.REGISTRY_ONLY)
    assert mesh.outbound_policy(changed) is OutboundPolicy.REGISTRY_ONLY


@pytest.mark.parametrize("text", ["a: [", "- a", "words"])
def test_what_is_no_mesh_config_is_refused(text: str) -> None:
    with pytest.raises(StepFailed, match="ConfigMap istio-system/istio"):
        mesh.with_outbound_policy(text, OutboundPolicy.ALLOW_ANY)
