"""The order of a run: what is applied, checked, skipped and reported, whatever fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import ApplyRefused, BringUpFailed, StepFailed
from harness.model import (
    Action,
    Apply,
    ClusterFacts,
    OutboundPolicy,
    ProxySelector,
    SetOutboundPolicy,
    Stage,
    Step,
    StepResult,
    StepStatus,
    WorkloadCheck,
)
from harness.run import Conductor, witness
from harness.run.witness import Hearing

FACTS = ClusterFacts("local", "", "", "", "")
UP = ClusterFacts("local", "1.31.0", "1.40.0", "v1.37.0", "local pilot")
PASSED, FAILED, SKIPPED = StepStatus.PASSED, StepStatus.FAILED, StepStatus.SKIPPED


class Machine:
    """A cluster that comes up, or fails with ``error``."""

    kubeconfig = "/k"
    ingress = "http://127.0.0.1:1"
    is_kept = False

    def __init__(self, error: BringUpFailed | None = None) -> None:
        self.error = error
        self.stopped = False

    def launch(self) -> None:
        pass

    def wait_ready(self) -> None:
        if self.error:
            raise self.error

    def facts(self) -> ClusterFacts:
        return UP

    def phases(self) -> dict[str, float]:
        return {}

    def evidence(self) -> dict[str, str]:
        return {"istioctl.txt": "all well"}

    def log(self) -> str:
        return "its log"

    def stop(self) -> None:
        self.stopped = True


class Api:
    """Takes actions. Deployments in ``sick`` have a pod that is not ready, ``missing`` none."""

    def __init__(
        self, sick: Sequence[str] = (), refused: Sequence[str] = (), missing: Sequence[str] = ()
    ) -> None:
        self.sick, self.refused, self.missing = sick, refused, missing
        self.done: list[str] = []

    def perform(self, action: Action, namespace: str) -> tuple[dict[str, Any], ...]:
        assert isinstance(action, Apply)
        if action.path in self.refused:
            raise ApplyRefused(f"{action.path}: refused", "correct it")
        self.done.append(action.path)
        return ({"kind": "Deployment", "metadata": {"namespace": "shop", "name": action.path}},)

    def wait_available(self, namespace: str, deployment: str) -> dict[str, Any]:
        if deployment in self.missing:
            raise StepFailed(f"deployment {deployment}: not found")
        self.done.append(f"{deployment} is available")
        return {"spec": {"selector": {"matchLabels": {"d": deployment}}}}

    def pods(self, namespace: str, labels: dict[str, str]) -> list[dict[str, Any]]:
        ready = labels["d"] not in self.sick
        self.done.append(f"{labels['d']} is checked")
        return [
            {
                "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "app"}]},
                "status": {"containerStatuses": [{"name": "app", "ready": ready}]},
            }
        ]

    def close(self) -> None:
        self.done.append("closed")


def workload(name: str) -> WorkloadCheck:
    return WorkloadCheck("shop", name, ("app",))


def stage(name: str) -> Stage:
    return Stage((Apply(name),), (), (workload(name),))


def step(step_id: str, *stages: Stage) -> Step:
    return Step(step_id, step_id.title(), "why", stages or (stage(step_id),))


STEPS = (step("install"), step("deploy"), step("three"), step("four"))


def conductor(
    api: Api, wanted: str = "install deploy three four", steps: Sequence[Step] = STEPS
) -> Conductor:
    made = Conductor(steps, frozenset(wanted.split()), FACTS, lambda cluster: api)  # type: ignore[arg-type, return-value]
    made.launch(Machine())
    made.bring_up()
    return made


def statuses(made: Conductor) -> dict[str, StepStatus]:
    return {result.id: result.status for result in made.result().steps}


def test_all_steps_pass_in_order() -> None:
    api = Api()
    made = conductor(api)
    for one in STEPS:
        assert made.conduct(one).status is PASSED
    result = made.result()
    assert result.passed
    assert result.facts == UP
    assert [done for done in api.done if "is" not in done] == [one.id for one in STEPS]
    assert set(made.phases()) == {"bring-up", "apply", "ready", "traffic"}


def test_a_failing_check_is_told_and_does_not_stop_the_run() -> None:
    made = conductor(Api(sick=["three"]))
    results = [made.conduct(one) for one in STEPS]
    assert [result.status for result in results] == [PASSED, PASSED, FAILED, PASSED]
    assert results[2].diagnosis == "deployment shop/three: pod p: container app has not started"
    assert not made.result().passed


def test_a_refused_object_fails_the_step_with_its_remedy() -> None:
    made = conductor(Api(refused=["three"]))
    result = [made.conduct(one) for one in STEPS][2]
    assert result.status is FAILED
    assert result.diagnosis == "three: refused\n  remedy: correct it"


@pytest.mark.parametrize("broken", ["install", "deploy"])
def test_without_its_foundation_nothing_more_is_tried(broken: str) -> None:
    api = Api(sick=[broken])
    made = conductor(api)
    results = [made.conduct(one) for one in STEPS]
    after = results[[one.id for one in STEPS].index(broken) + 1 :]
    assert after
    assert all(result.status is SKIPPED for result in after)
    assert all(f"step {broken} failed" in result.diagnosis for result in after)
    assert "four" not in api.done


def test_steps_not_selected_are_applied_without_checks() -> None:
    api = Api()
    made = conductor(api, "three")
    for one in STEPS:
        made.conduct(one)
    assert statuses(made) == {
        "install": SKIPPED, "deploy": SKIPPED, "three": PASSED, "four": SKIPPED
    }  # fmt: skip
    results = {result.id: result for result in made.result().steps}
    assert "applied only" in results["deploy"].diagnosis
    assert results["four"].diagnosis == "not selected"
    assert [done for done in api.done if "checked" in done] == ["three is checked"]
    assert "four" not in api.done
    assert made.result().passed


def test_a_step_run_alone_catches_up_on_earlier_ones() -> None:
    api = Api()
    made = conductor(api)
    assert made.conduct(STEPS[2]).status is PASSED
    assert [done for done in api.done if "is" not in done] == ["install", "deploy", "three"]
    assert statuses(made)["four"] is SKIPPED


def test_an_earlier_step_that_cannot_be_applied_fails_and_ends_the_run() -> None:
    made = conductor(Api(refused=["deploy"]), "three")
    assert made.conduct(STEPS[2]).status is SKIPPED
    assert statuses(made) == {
        "install": SKIPPED, "deploy": FAILED, "three": SKIPPED, "four": SKIPPED
    }  # fmt: skip


def test_later_stages_of_a_failed_step_are_still_applied() -> None:
    api = Api(sick=["one"])
    made = conductor(api, "both", (step("both", stage("one"), stage("two")),))
    result = made.conduct(step("both", stage("one"), stage("two")))
    assert result.status is FAILED
    assert result.applied == ("one", "two")
    assert "two is checked" not in api.done


def test_without_a_cluster_every_step_is_skipped_with_the_reason() -> None:
    made = Conductor(STEPS, frozenset(one.id for one in STEPS), FACTS)
    machine = Machine(BringUpFailed("port 80 is taken", "choose another", "the tail"))
    made.launch(machine)
    made.bring_up()
    assert made.conduct(STEPS[0]).status is SKIPPED
    result = made.result()
    assert result.failure == str(machine.error)
    assert {one.diagnosis for one in result.steps} == {
        "the cluster did not come up: port 80 is taken"
    }
    assert not result.passed
    made.stop()
    assert machine.stopped


def test_a_bug_is_raised_and_the_step_is_reported_as_failed() -> None:
    policy = Stage(
        (SetOutboundPolicy(OutboundPolicy.ALLOW_ANY),), (ProxySelector("x", "y", {}),), ()
    )
    odd = step("odd", policy)
    made = conductor(Api(), "odd", (odd,))
    with pytest.raises(AssertionError):
        made.conduct(odd)
    (result,) = made.result().steps
    assert result.status is FAILED
    assert result.diagnosis.startswith("unexpected AssertionError")


def test_a_run_that_was_interrupted_says_so() -> None:
    made = conductor(Api())
    made.conduct(STEPS[0])
    result = made.result(interrupted=True)
    assert [one.diagnosis for one in result.steps][1:] == ["the run ended before this step"] * 3
    assert result.failure == "the run was interrupted"
    assert not result.passed
    assert made.result().passed


def test_a_cluster_s_own_tools_are_asked_only_of_one_that_came_up() -> None:
    assert conductor(Api()).evidence() == {"istioctl.txt": "all well"}
    made = Conductor(STEPS, frozenset(), FACTS)
    made.launch(Machine(BringUpFailed("no", "try")))
    made.bring_up()
    assert made.evidence() == {}


def order_of_checks(seed: int) -> tuple[list[str], list[str]]:
    """In which order the checks of one stage were made, and reported."""
    checks = tuple(WorkloadCheck("shop", name, ("app",)) for name in "abcd")
    one = step("install", Stage((Apply("a"),), (), checks))
    api = Api()
    made = Conductor((one,), frozenset(("install",)), FACTS, lambda _: api, seed=seed)  # type: ignore[arg-type,return-value]
    made.launch(Machine())  # type: ignore[arg-type]
    made.bring_up()
    reported = [check.request for check in made.conduct(one).checks]
    return [done[0] for done in api.done if done.endswith("is checked")], reported


def test_a_seed_fixes_the_order_of_checks_and_the_report_keeps_the_chapter_s() -> None:
    orders = {seed: order_of_checks(seed) for seed in range(8)}
    assert orders == {seed: order_of_checks(seed) for seed in range(8)}
    assert len({tuple(made) for made, _ in orders.values()}) > 1
    for made, reported in orders.values():
        assert sorted(made) == list("abcd")
        assert reported == [f"deployment shop/{name}" for name in "abcd"]


class Keeper:
    """Keeps evidence, or has no room for it."""

    def __init__(self, error: OSError | None = None) -> None:
        self.error = error
        self.kept: list[str] = []

    def keep(self, step: str, moment: str, source: Any) -> None:
        if self.error:
            raise self.error
        self.kept.append(step)


def heard(monkeypatch: pytest.MonkeyPatch, hearing: Exception | None, keeper: Keeper) -> Conductor:
    """A run whose steps all passed, and whose logs contradict step three (or ``hearing``)."""

    def hear(api: Any, results: Sequence[StepResult]) -> Hearing:
        if hearing:
            raise hearing
        return Hearing(
            tuple(
                replace(one, status=FAILED, diagnosis="contradicted") if one.id == "three" else one
                for one in results
            )
        )

    monkeypatch.setattr(witness, "hear", hear)
    made = Conductor(STEPS, frozenset(one.id for one in STEPS), FACTS, lambda _: Api(), keeper)  # type: ignore[arg-type,return-value]
    made.launch(Machine())
    made.bring_up()
    for one in STEPS:
        made.conduct(one)
    assert made.result().passed
    return made


def test_a_step_that_access_logs_contradict_has_failed_and_its_evidence_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = Keeper()
    made = heard(monkeypatch, None, keeper)
    made.hear()
    assert statuses(made)["three"] is FAILED
    assert keeper.kept == ["three"]
    assert not made.result().passed
    assert made.phases()["witness"] > 0


def test_a_contradiction_is_not_lost_with_its_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    made = heard(monkeypatch, None, Keeper(OSError("no space left on device")))
    with pytest.raises(OSError, match="no space left"):
        made.hear()
    assert statuses(made)["three"] is FAILED


def test_a_hearing_that_breaks_off_leaves_no_run_that_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = heard(monkeypatch, KeyError("path"), Keeper())
    with pytest.raises(KeyError):
        made.hear()
    assert not made.result().passed
    assert made.result().failure == "the access logs were not heard: unexpected KeyError: 'path'"


def test_without_a_cluster_there_is_nobody_to_hear() -> None:
    made = Conductor(STEPS, frozenset(), FACTS)
    made.launch(Machine(BringUpFailed("port 80 is taken", "choose another")))
    made.bring_up()
    assert made.hear().unheard == "the cluster did not come up: port 80 is taken"


def test_a_check_that_cannot_be_made_does_not_take_the_others_with_it() -> None:
    one = step("install", *[Stage((Apply("a"),), (), tuple(map(workload, "abc")))])
    api = Api(missing=["b"])
    made = conductor(api, "install", (one,))
    result = made.conduct(one)
    assert result.status is FAILED
    earlier = [done[0] for done in api.done if done.endswith("is checked")]
    assert [check.request for check in result.checks] == [
        f"deployment shop/{name}" for name in sorted(earlier)
    ]
    assert earlier, "the seed makes b the first: choose another"
