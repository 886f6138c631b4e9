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


def telemetry(**spec: object) -> dict[str, object]:
    return {"metadata": {"namespace": "shop", "name": "quiet"}, "spec": spec}


def test_a_mesh_whose_proxies_log_every_request_to_their_container() -> None:
    tracing = telemetry(tracing=[{"randomSamplingPercentage": 1}])
    assert mesh.why_no_access_log(MESH, [tracing]) == ""
    assert mesh.why_no_access_log(MESH + "accessLogEncoding: JSON\n", []) == ""


@pytest.mark.parametrize(
    ("text", "telemetries", "why"),
    [
        ("", [], "accessLogFile is empty"),
        ("accessLogFile: /var/log/a.txt", [], "accessLogFile is /var/log/a.txt"),
        (MESH + 'accessLogFormat: "%PROTOCOL%"', [], "accessLogFormat"),
        (MESH + "defaultProviders: {accessLogging: [otel]}", [], "defaultProviders"),
        (MESH, [telemetry(accessLogging=[{"disabled": True}])], "Telemetry shop/quiet"),
    ],
)
def test_why_access_logs_may_not_hold_every_request(
    text: str, telemetries: list[dict[str, object]], why: str
) -> None:
    assert why in mesh.why_no_access_log(text, telemetries)
