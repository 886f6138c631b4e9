"""Bad input on a whole cluster, as a person with kubectl would give it."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import observation, traffic
from harness.model import Request
from harness.waiting import WORKLOAD_READY, Pending, wait_until
from tests.local.whole import commands
from tests.local.whole.commands import Harness

ITEMS = Request("/items", "catalog.istioinaction.io")
SHOP = "services/catalog/kubernetes"


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Harness, dict[str, Any]]]:
    """One cluster with both versions of catalog behind the gateway."""
    with commands.command() as harness:
        status = harness.up("bad")
        for arguments in (
            ("create", "namespace", "istioinaction"),
            ("label", "namespace", "istioinaction", "istio-injection=enabled"),
            ("config", "set-context", "--current", "--namespace", "istioinaction"),
            ("apply", "-f", SHOP, "-f", "ch5/catalog-gateway.yaml"),
            ("apply", "-f", "ch5/catalog-dest-rule.yaml", "-f", "ch5/catalog-vs.yaml"),
            ("rollout", "status", "deployment/catalog", "--timeout=60s"),
            ("rollout", "status", "deployment/catalog-v2", "--timeout=60s"),
        ):
            done = harness.kubectl(status, *arguments)
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        yield harness, status


def _apply(
    cluster: tuple[Harness, dict[str, Any]], folder: Path, text: str
) -> subprocess.CompletedProcess[str]:
    harness, status = cluster
    file = folder / "object.yaml"
    file.write_text(textwrap.dedent(text))
    return harness.kubectl(status, "apply", "-f", str(file))


def _virtual_service(rule: str) -> str:
    return f"""\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: catalog-vs-from-gw
spec:
  hosts: [catalog.istioinaction.io]
  gateways: [catalog-gateway]
  http:
{textwrap.indent(textwrap.dedent(rule), "  ")}"""


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("- rout: []\n", 'unknown field "spec.http[0].rout"'),
        (
            "- route:\n  - destination: {host: catalog, subsett: version-v1}\n",
            'unknown field "spec.http[0].route[0].destination.subsett"',
        ),
        (
            "- rewrite: {uri: /}\n  route:\n  - destination: {host: catalog}\n",
            "spec.http[0].rewrite",
        ),
        (
            "- match:\n  - headers: {x-istio-cohort: {exakt: internal}}\n"
            "  route:\n  - destination: {host: catalog}\n",
            "spec.http[0].match[0].headers",
        ),
        (
            "- route:\n  - destination: {host: catalog}\n    weight: ninety\n",
            "spec.http[0].route[0].weight",
        ),
    ],
    ids=["misspelt", "misspelt-deep", "unsupported", "misspelt-match", "wrong-type"],
)
def test_a_bad_field_is_refused_with_its_path_and_changes_nothing(
    cluster: tuple[Harness, dict[str, Any]], tmp_path: Path, rule: str, words: str
) -> None:
    harness, status = cluster
    before = harness.kubectl(status, "get", "vs", "catalog-vs-from-gw", "-o", "yaml").stdout
    done = _apply(cluster, tmp_path, _virtual_service(rule))
    assert done.returncode == 1, done.stdout
    assert words in done.stderr
    assert harness.kubectl(status, "get", "vs", "catalog-vs-from-gw", "-o", "yaml").stdout == before


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Gateway", "selektor: {istio: ingressgateway}", "spec.selektor"),
        (
            "DestinationRule",
            "host: catalog\n  subsets: [{name: a, label: {a: b}}]",
            "subsets[0].la",
        ),
        ("ServiceEntry", "hosts: [a.example]\n  resolutoin: DNS", "spec.resolutoin"),
    ],
)
def test_every_istio_kind_refuses_a_misspelt_field(
    cluster: tuple[Harness, dict[str, Any]], tmp_path: Path, kind: str, spec: str, path: str
) -> None:
    text = (
        f"apiVersion: networking.istio.io/v1\nkind: {kind}\n"
        f"metadata:\n  name: wrong\nspec:\n  {spec}\n"
    )
    done = _apply(cluster, tmp_path, text)
    assert done.returncode == 1, done.stdout
    assert path in done.stderr


@pytest.mark.parametrize(
    "key", ["outboundTraficPolicy: {mode: REGISTRY_ONLY}", "enableTracing: true"]
)
def test_mesh_configuration_that_cannot_be_followed_is_refused(
    cluster: tuple[Harness, dict[str, Any]], key: str
) -> None:
    harness, status = cluster
    patch = json.dumps({"data": {"mesh": key}})
    done = harness.kubectl(
        status, "-n", "istio-system", "patch", "cm", "istio", "--type=merge", "-p", patch
    )
    assert done.returncode == 1, done.stdout
    assert key.split(":")[0] in done.stderr


@pytest.mark.parametrize(
    "other",
    ["{host: catalog, subset: version-v9}", "{host: no-such-service}"],
    ids=["missing-subset", "missing-host"],
)
def test_what_is_missing_answers_503_for_its_share_only(
    cluster: tuple[Harness, dict[str, Any]], tmp_path: Path, other: str
) -> None:
    harness, status = cluster
    done = _apply(
        cluster,
        tmp_path,
        _virtual_service(f"""\
            - match:
              - headers: {{x-istio-cohort: {{exact: internal}}}}
              route:
              - destination: {{host: catalog, subset: version-v2}}
            - route:
              - destination: {{host: catalog, subset: version-v1}}
                weight: 50
              - destination: {other}
                weight: 50
            """),
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" in done.stderr, "kubectl apply warns of what does not resolve"

    def live() -> None:
        dump = harness.kubectl(
            status, "-n", "istio-system", "exec", "deploy/istio-ingressgateway", "-c",
            "istio-proxy", "--", "pilot-agent", "request", "GET", "config_dump",
        ).stdout  # fmt: skip
        if "weighted_clusters" not in dump:
            raise Pending("the gateway has no weighted clusters")

    wait_until("the split is live", live, 15)
    counts = observation.observe("catalog", traffic.send(status["ingress"], ITEMS, 400)).counts
    assert set(counts) == {"v1", "status 503"}
    assert 100 < counts["v1"] < 300
    internal = Request("/items", "catalog.istioinaction.io", {"x-istio-cohort": "internal"})
    others = observation.observe("catalog", traffic.send(status["ingress"], internal, 50)).counts
    assert dict(others) == {"v2": 50}, "other rules are not affected"


def _pod_waits(cluster: tuple[Harness, dict[str, Any]], app: str, reasons: set[str]) -> str:
    harness, status = cluster

    def waiting() -> str:
        listed = json.loads(
            harness.kubectl(status, "get", "pods", "-l", f"app={app}", "-o", "json").stdout
        )
        seen = Counter(
            container["state"].get("waiting", {}).get("reason", "")
            for pod in listed["items"]
            for container in pod["status"].get("containerStatuses", [])
        )
        for reason in reasons & set(seen):
            return reason
        raise Pending(str(seen))

    return wait_until(f"a container of {app} waits", waiting, WORKLOAD_READY)


CRASHING = '["python", "-c", "raise SystemExit(7)"]'


def _deployment(name: str, image: str, command: str = "[]") -> str:
    return f"""\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          selector: {{matchLabels: {{app: {name}}}}}
          template:
            metadata: {{labels: {{app: {name}}}}}
            spec:
              containers:
              - name: app
                image: {image}
                command: {command}
        """


def test_an_unknown_image_says_what_is_known(
    cluster: tuple[Harness, dict[str, Any]], tmp_path: Path
) -> None:
    harness, status = cluster
    assert _apply(cluster, tmp_path, _deployment("stranger", "example/nginx:1")).returncode == 0
    _pod_waits(cluster, "stranger", {"ErrImagePull", "ImagePullBackOff"})
    described = harness.kubectl(status, "describe", "pods", "-l", "app=stranger").stdout
    for known in ("catalog", "webapp", "forum", "example/nginx:1"):
        assert known in described
    assert harness.kubectl(status, "delete", "deploy", "stranger").returncode == 0


def test_a_crashing_application_is_in_crash_loop_back_off(
    cluster: tuple[Harness, dict[str, Any]], tmp_path: Path
) -> None:
    harness, status = cluster
    text = _deployment("crasher", "istioinaction/catalog:1.0.0", CRASHING)
    assert _apply(cluster, tmp_path, text).returncode == 0
    _pod_waits(cluster, "crasher", {"CrashLoopBackOff"})
    shown = harness.kubectl(status, "get", "pods", "-l", "app=crasher").stdout
    assert "CrashLoopBackOff" in shown or "Error" in shown
    described = harness.kubectl(status, "describe", "pods", "-l", "app=crasher").stdout
    assert "Exit Code:    7" in described
    assert "BackOff" in described
    assert harness.kubectl(status, "delete", "deploy", "crasher").returncode == 0
