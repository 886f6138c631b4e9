"""A failed step's diagnosis: the causes first, then what was seen; gathered before later stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from test_conductor import FACTS, Api, Machine, stage, step

from harness.diagnosis import Finding
from harness.errors import HarnessError
from harness.model import Check, CheckResult, StepResult
from harness.run import Conductor


class Detective:
    """Remembers what it was asked, and what had been done by then."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.asked: list[tuple[str, str, list[str]]] = []

    def failed_checks(
        self, step: str, moment: str, source: Any, failed: Sequence[tuple[Check, CheckResult]]
    ) -> list[Finding]:
        self.asked.append((step, failed[0][1].request, list(self.api.done)))
        return [Finding("Deployment three asks for 0 replicas", "kubectl get deployments")]

    def failed_step(
        self, step: str, moment: str, source: Any, failure: HarnessError
    ) -> list[Finding]:
        self.asked.append((step, failure.reason, list(self.api.done)))
        return []


def conduct(api: Api) -> tuple[Detective, list[StepResult]]:
    steps = (step("install"), step("three", stage("three"), stage("later")))
    detective = Detective(api)
    made = Conductor(
        steps, frozenset(("install", "three")), FACTS, lambda cluster: api, detective,  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    made.launch(Machine())
    made.bring_up()
    return detective, [made.conduct(one) for one in steps]


def test_the_cause_comes_before_the_symptom_with_its_command() -> None:
    _, results = conduct(Api(sick=["three"]))
    assert results[1].diagnosis.splitlines() == [
        "Deployment three asks for 0 replicas",
        "  see: kubectl get deployments",
        "deployment shop/three: pod p: container app has not started",
    ]


def test_the_evidence_is_taken_before_anything_more_is_applied() -> None:
    api = Api(sick=["three"])
    detective, _ = conduct(api)
    ((step_id, request, done),) = detective.asked
    assert (step_id, request) == ("three", "deployment shop/three")
    assert "later" not in done
    assert "later" in api.done


def test_a_step_that_could_not_be_carried_out_is_investigated_too() -> None:
    detective, results = conduct(Api(refused=["three"]))
    assert [asked[:2] for asked in detective.asked] == [("three", "three: refused")]
    assert results[1].diagnosis == "three: refused\n  remedy: correct it"


def test_what_passes_is_not_investigated() -> None:
    detective, results = conduct(Api())
    assert not detective.asked
    assert [result.diagnosis for result in results] == ["", ""]
