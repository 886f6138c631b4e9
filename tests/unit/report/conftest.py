"""Runs to report on: one with passed, failed and skipped steps, judged by the real verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.model import (
    CheckResult,
    ClusterFacts,
    Expectation,
    Mixed,
    ProxyProof,
    Request,
    RunResult,
    Sample,
    Shares,
    StepResult,
    StepStatus,
)
from harness.verdict import check_result, plan

SHOP = Request("/api/catalog", "webapp.istioinaction.io")
INTERNAL = Request("/items", "catalog.istioinaction.io", {"x-istio-cohort": "internal"})
PROXIES = ("istio-ingressgateway-6b5c8d7f9-x2vkq", "webapp-7c9d8b6f5-9kq2m", "catalog-v2-55d-p8w4t")


def judged(
    request: Request,
    expectation: Expectation,
    counts: Mapping[str, int],
    examples: Mapping[str, str] | None = None,
) -> CheckResult:
    made = plan(expectation)
    return check_result(request, made, Sample(sum(counts.values()), counts, examples or {}))


def step(
    id_: str,
    title: str,
    *checks: CheckResult,
    status: StepStatus = StepStatus.PASSED,
    effect_ms: float | None = None,
    diagnosis: str = "",
    applied: tuple[str, ...] = (),
) -> StepResult:
    proofs = tuple(
        ProxyProof(proxy, facts, 0.004 * (number + 1))
        for number, (proxy, facts) in enumerate(zip(PROXIES, (14, 9, 1), strict=True))
    )
    return StepResult(
        id=id_,
        title=title,
        status=status,
        seconds=0.0 if status is StepStatus.SKIPPED else 0.41 + 0.2 * len(checks),
        effect_ms=effect_ms,
        checks=checks,
        diagnosis=diagnosis,
        applied=applied,
        proofs=proofs if effect_ms is not None else (),
    )


FACTS = ClusterFacts("local", "1.31.0", "1.40.0", "v1.37.1", "local pilot (not istiod)")
DEPLOYED = CheckResult(
    request="deployment istioinaction/catalog",
    expectation="available, each pod with exactly the containers catalog and istio-proxy",
    n=1,
    counts={"pods": 1},
    passed=True,
    false_alarm=0.0,
    miss=0.0,
    reason="1 pods as wanted",
)


def mixed_run() -> RunResult:
    """Passed, failed and skipped steps, with every kind of drawing."""
    split = judged(SHOP, Shares({"v1": 0.9, "v2": 0.1}), {"v1": 902, "v2": 98})
    wrong = judged(
        SHOP,
        Shares({"v1": 0.5, "v2": 0.5}),
        {"v1": 1187, "v2": 790, "error calling Catalog service": 22, "no answer: reset": 1},
        {
            "error calling Catalog service": "HTTP 500, server: istio-envoy, error calling Catalog"
            " service",
            "no answer: reset": "reset after 3 ms",
        },
    )
    mirrored = replace(judged(INTERNAL, Shares({"v1": 1.0}), {"v1": 500}), n=500)
    mirrored = replace(mirrored, counts={"v1": 500, "copies": 500})
    return RunResult(
        facts=FACTS,
        started="2026-03-02T09:14:07+00:00",
        seconds=11.86,
        steps=(
            step("deploy", "The shop is deployed, each pod with a sidecar", DEPLOYED),
            step(
                "header",
                "Only internal users see version 2",
                judged(INTERNAL, Shares({"v2": 1.0}), {"v2": 500}),
                judged(replace(INTERNAL, headers={}), Shares({"v1": 1.0, "v2": 0.0}), {"v1": 500}),
                effect_ms=6.42,
                applied=("apply ch5/catalog-vs-v2-request.yaml",),
            ),
            step(
                "mesh-mixed",
                "Inside the mesh, traffic goes to both versions",
                judged(SHOP, Mixed(("v1", "v2"), 0.1), {"v1": 71, "v2": 79}),
                effect_ms=14.1,
                applied=("delete gateways, virtualservices, destinationrules",),
            ),
            step(
                "mesh-weights",
                "One request in ten goes to version 2",
                split,
                effect_ms=5.03,
                applied=(
                    "apply ch5/catalog-dest-rule.yaml",
                    "apply ch5/catalog-vs-v2-10-90-mesh.yaml",
                ),
            ),
            step(
                "mesh-half",
                "Half of the requests go to version 2",
                wrong,
                status=StepStatus.FAILED,
                effect_ms=7.7,
                diagnosis="VirtualService catalog sends 60% to subset version-v1 <not 50%>,"
                " and 1% of the answers are errors.\n"
                "kubectl -n istioinaction get virtualservice catalog -o yaml",
                applied=("apply ch5/catalog-vs-v2-50-50-mesh.yaml",),
            ),
            step("mirror", "Every request is copied to version 2", mirrored, effect_ms=4.9),
            step(
                "egress-allowed",
                "The outside host becomes part of the registry",
                status=StepStatus.SKIPPED,
                diagnosis="not selected by STEPS",
            ),
        ),
    )


def passed_run() -> RunResult:
    run = mixed_run()
    return replace(run, steps=tuple(s for s in run.steps if s.status is StepStatus.PASSED))


def bring_up_failed() -> RunResult:
    return RunResult(
        facts=ClusterFacts("local", "1.31.0", "", "", ""),
        started="2026-03-02T09:14:07+00:00",
        seconds=1.2,
        steps=(
            step(
                "install",
                "Istio is installed",
                status=StepStatus.SKIPPED,
                diagnosis="the cluster did not come up: port 31380 is taken",
            ),
        ),
        failure="port 31380 is taken by another process\n"
        "  remedy: free it, or give INGRESS_PORT=0\n"
        "  last lines of its log:\n\x1b[31mbind: <Address already in use>\x1b[0m \x00",
    )


@pytest.fixture(name="mixed_run")
def _mixed_run() -> RunResult:
    return mixed_run()


@pytest.fixture(name="passed_run")
def _passed_run() -> RunResult:
    return passed_run()


@pytest.fixture(name="bring_up_failed")
def _bring_up_failed() -> RunResult:
    return bring_up_failed()
