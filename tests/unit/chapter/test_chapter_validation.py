"""The chapter is sound as it stands, and an unsound one is refused with every fault named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harness.chapter import STEPS, select, validate
from harness.errors import ChapterError, UsageError
from harness.model import (
    Apply,
    Mixed,
    OutboundPolicy,
    ProxySelector,
    Request,
    SetOutboundPolicy,
    Shares,
    Stage,
    Step,
    TrafficCheck,
    WorkloadCheck,
)
from harness.repository import ROOT

IDS = [
    *("install", "deploy", "gateway", "all-v1", "header"),
    *("mesh-mixed", "mesh-v1", "mesh-header", "mesh-weights"),
    *("egress-blocked", "egress-allowed", "mesh-half", "mirror"),
]
PROXY = ProxySelector("gateway", "istio-system", {"istio": "ingressgateway"})
NO_CONTAINERS = WorkloadCheck("shop", "x", ())
WORKLOAD = WorkloadCheck("shop", "catalog", ("catalog", "istio-proxy"))
STEP = Step("one", "One", "why", (Stage((), (PROXY,), (WORKLOAD,)),))


def test_the_chapter_is_sound_and_its_ids_are_the_contract() -> None:
    validate(STEPS, ROOT)
    assert [step.id for step in STEPS] == IDS
    assert all(step.title and step.why for step in STEPS)


def test_every_manifest_of_the_chapter_folder_is_applied_by_some_step() -> None:
    actions = [action for step in STEPS for stage in step.stages for action in stage.actions]
    applied = {action.path for action in actions if isinstance(action, Apply)}
    assert {f"ch5/{path.name}" for path in (ROOT / "ch5").glob("*.yaml")} <= applied


def with_stage(**changes: object) -> Step:
    return dataclasses.replace(
        STEP, stages=(dataclasses.replace(STEP.stages[0], **changes),)  # type: ignore[arg-type]
    )  # fmt: skip


def expecting(expectation: Shares | Mixed) -> Step:
    return with_stage(checks=(TrafficCheck(Request("/", "a.b"), "catalog", expectation),))


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ([], "it has no steps"),
        ([STEP, STEP], "step id 'one' is used 2 times"),
        ([dataclasses.replace(STEP, id="One")], "'One' is not lower-case words"),
        ([dataclasses.replace(STEP, title="")], "it has no title"),
        ([dataclasses.replace(STEP, stages=())], "step one: it has no stages"),
        ([with_stage(checks=())], "step one, stage 1: it checks nothing"),
        ([with_stage(actions=(Apply("ch5/no.yaml"),))], "manifest ch5/no.yaml does not exist"),
        (
            [with_stage(actions=(SetOutboundPolicy(OutboundPolicy.ALLOW_ANY),), proxies=())],
            "concerns no proxy",
        ),
        ([expecting(Shares({"v1": 0.5, "v2": 0.4}))], "shares do not sum to 1"),
        ([expecting(Shares({"v1": 1.0, "v2": 0.0}))], "shares must be above 0"),
        ([expecting(Mixed(("v1",), 0.1))], "a mix needs two labels"),
        ([expecting(Mixed(("v1", "v2"), 0.6))], "a least share of 0.6 cannot hold for all"),
        ([with_stage(checks=(NO_CONTAINERS,))], "deployment x expects no container"),
    ],
)  # fmt: skip
def test_faults(steps: list[Step], fault: str, tmp_path: Path) -> None:
    with pytest.raises(ChapterError, match="the chapter is not sound") as caught:
        validate(steps, tmp_path)
    assert fault in caught.value.reason
    assert caught.value.exit_code == 2


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ChapterError) as caught:
        validate([with_stage(checks=(), actions=(Apply("x.yaml"),))], tmp_path)
    assert caught.value.reason.count("\n  - ") == 2


def test_selection() -> None:
    assert select(STEPS, []) == frozenset(IDS)
    assert select(STEPS, ["mirror", "header"]) == {"mirror", "header"}


def test_unknown_steps_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no such step: heeder, mirorr") as caught:
        select(STEPS, ["mirorr", "header", "heeder"])
    assert "install deploy gateway" in caught.value.remedy
