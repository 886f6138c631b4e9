"""istioctl's command lines, against the binary itself where there is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.istio import istioctl, settings
from harness.repository import CHAPTER_FILES, CHAPTER_SETTING, ROOT

BINARY = os.environ.get("ISTIOCTL") or shutil.which("istioctl")
real = pytest.mark.skipif(
    not BINARY, reason="no istioctl: put one on PATH, or name one in ISTIOCTL"
)


def manifests(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    path = tmp_path / "operator.yaml"
    path.write_text(text)
    said = istioctl.ask(Path(str(BINARY)), istioctl.manifest_arguments(path))
    return [document for document in yaml.safe_load_all(said) if document]


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = (o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)
    return found


@real
def test_the_demo_profile_with_a_node_port_is_what_is_installed(tmp_path: Path) -> None:
    objects = manifests(tmp_path, settings.operator(node_port=30080))
    service = one(objects, "Service", "istio-ingressgateway")
    assert service["spec"]["type"] == "NodePort"
    ports = {port["port"]: port for port in service["spec"]["ports"]}
    assert ports[80]["nodePort"] == 30080
    assert ports[80]["targetPort"] == settings.HTTP_PORT
    assert 15021 in ports
    mesh = yaml.safe_load(one(objects, "ConfigMap", "istio")["data"]["mesh"])
    assert mesh["accessLogFile"] == "/dev/stdout"
    assert mesh["outboundTrafficPolicy"] == {"mode": "ALLOW_ANY"}, "what the tutorial changes"
    deployments = {o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"}
    assert {"istiod", "istio-ingressgateway", "istio-egressgateway"} <= deployments, "demo profile"


@real
def test_without_a_node_port_the_gateway_stays_a_load_balancer(tmp_path: Path) -> None:
    service = one(manifests(tmp_path, settings.operator()), "Service", "istio-ingressgateway")
    assert service["spec"]["type"] == "LoadBalancer"


@real
def test_the_chapters_files_pass_validate_and_analyze() -> None:
    assert (
        istioctl.problems(Path(str(BINARY)), "istioinaction", CHAPTER_FILES, CHAPTER_SETTING) == []
    )


@real
def test_a_wrong_weight_and_a_lost_gateway_do_not_pass(tmp_path: Path) -> None:
    wrong = (ROOT / "ch5" / "catalog-vs-v1.yaml").read_text()
    (tmp_path / "vs.yaml").write_text(wrong.replace("subset:", "subsett:"))
    (found, *_) = istioctl.problems(Path(str(BINARY)), "istioinaction", [tmp_path / "vs.yaml"], [])
    assert "subsett" in found
    (tmp_path / "vs.yaml").write_text(wrong)
    (found,) = istioctl.problems(Path(str(BINARY)), "istioinaction", [tmp_path / "vs.yaml"], [])
    assert "IST0101" in found


@real
@pytest.mark.parametrize(
    "arguments",
    [
        istioctl.install_arguments("/nonexistent/kubeconfig", Path("/nonexistent/operator.yaml")),
        istioctl.analyze_cluster_arguments("/nonexistent/kubeconfig", "istioinaction"),
        istioctl.proxy_status_arguments("/nonexistent/kubeconfig"),
    ],
    ids=["install", "analyze", "proxy-status"],
)
def test_flags_are_known_to_the_binary(arguments: list[str]) -> None:
    """With --help every flag before it is parsed, and an unknown one is an error."""
    assert "Usage:" in istioctl.ask(Path(str(BINARY)), [*arguments, "--help"])
    unknown = [*arguments, "--no-such-flag", "--help"]
    with pytest.raises(istioctl.EnvironmentCannot, match="unknown flag"):
        istioctl.ask(Path(str(BINARY)), unknown)


def test_a_binary_that_cannot_run_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "istioctl"
    path.write_bytes(b"\x7fELF of another planet")
    path.chmod(0o755)
    with pytest.raises(istioctl.EnvironmentCannot, match="cannot be executed"):
        istioctl.ask(path, ["version"])


@real
def test_evidence_says_what_went_wrong_instead_of_failing() -> None:
    found = istioctl.evidence(Path(str(BINARY)), "/nonexistent/kubeconfig", "istioinaction")
    assert set(found) == {"istioctl-analyze.txt", "istioctl-proxy-status.txt"}
    assert all("kubeconfig" in text for text in found.values()), found
