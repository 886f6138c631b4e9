"""A whole run: the cluster, the steps in order, and the result, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final

from harness.chapter.steps import FOUNDATIONS
from harness.clusters import Cluster
from harness.errors import HarnessError
from harness.model import ClusterFacts, RunResult, Step, StepResult, StepStatus
from harness.repository import ROOT
from harness.run import witness
from harness.run.stages import Walk
from harness.run.witness import Hearing
from harness.verdict import DEFAULT, Bounds

if TYPE_CHECKING:
    from harness.clusters.api import Api
    from harness.diagnosis import Investigator

ONLY_APPLIED: Final = "not selected: applied only, because later steps build on it"
NOT_SELECTED: Final = "not selected"
NOT_REACHED: Final = "the run ended before this step"


def _connect(cluster: Cluster) -> Api:
    from harness.clusters.api import Api

    return Api(cluster.kubeconfig, ROOT, cluster.patience)


class Conductor:
    """Conducts the chapter's steps on one cluster. Steps are conducted in the chapter's order."""

    def __init__(
        self,
        steps: Sequence[Step],
        wanted: frozenset[str],
        facts: ClusterFacts,
        connect: Callable[[Cluster], Api] = _connect,
        investigator: Investigator | None = None,
        bounds: Bounds = DEFAULT,
        seed: int = 0,
    ) -> None:
        """``facts`` stand in the report as long as there is no cluster.

        ``connect`` gives the API of a cluster. ``investigator`` explains failures.
        ``bounds`` are how often a verdict may be wrong. ``seed`` fixes what is left to chance.
        """
        self._steps = tuple(steps)
        self._wanted = wanted
        self._connect = connect
        self._investigator = investigator
        self._bounds = bounds
        self._seed = seed
        self._facts = facts
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._results: dict[str, StepResult] = {}
        self._cluster: Cluster | None = None
        self._api: Api | None = None
        self._broken = ""
        self._bring_up = 0.0
        self._hearing = 0.0
        self._witness = ""
        self._unheard = ""
        self.failure: HarnessError | None = None
        """Why there is no cluster to run on."""

    def launch(self, cluster: Cluster) -> None:
        """Begin bring-up; a failure is kept for the report."""
        self._cluster = cluster
        try:
            cluster.launch()
        except HarnessError as error:
            self.failure = error

    def bring_up(self) -> None:
        """Wait for the cluster; once, and a failure is kept for the report."""
        if self._cluster is None or self._api or self.failure:
            return
        # Imported while the cluster boots: the Kubernetes client takes half a second.
        import_module("harness.clusters.api")
        try:
            self._cluster.wait_ready()
            self._api = self._connect(self._cluster)
            self._facts = self._cluster.facts()
            self._bring_up = time.monotonic() - self._clock
        except HarnessError as error:
            self.failure = error

    def conduct(self, step: Step) -> StepResult:
        """Carry out a step, after having applied earlier ones that were not conducted."""
        for earlier in self._steps[: self._steps.index(step)]:
            if earlier.id not in self._results:
                self._results[earlier.id] = self._apply_only(earlier)
        if step.id not in self._results:
            is_wanted = step.id in self._wanted
            self._results[step.id] = self._run(step) if is_wanted else self._apply_only(step)
        return self._results[step.id]

    def hear(self) -> Hearing:
        """Ask the access logs about every step so far; what they contradict has not passed."""
        if self._api is None:
            return Hearing((), self._why_nothing() or NOT_REACHED)
        started = time.monotonic()
        before = dict(self._results)
        try:
            hearing = witness.hear(self._api, tuple(before.values()))
        except Exception as bug:
            # Not ours to handle, but no report may say that the run was heard and passed.
            self._unheard = (
                f"the access logs were not heard: unexpected {type(bug).__name__}: {bug}"
            )
            raise
        finally:
            self._hearing = time.monotonic() - started
        self._results |= {step.id: step for step in hearing.steps}
        self._witness = hearing.told
        for step in hearing.steps:
            if self._investigator and step.status is not before[step.id].status:
                self._investigator.keep(step.id, self._started.isoformat(), self._api)
        return hearing

    def stop(self) -> None:
        """End the cluster, unless it is to be kept."""
        if self._api:
            self._api.close()
        if self._cluster:
            self._cluster.stop()

    def kept(self) -> str:
        """How to reach the cluster that was left running; empty if there is none."""
        if self._cluster is None or self.failure or not self._cluster.is_kept:
            return ""
        return (
            "the cluster still runs:\n"
            f"export KUBECONFIG={self._cluster.kubeconfig}\n"
            f"export INGRESS={self._cluster.ingress}"
        )

    def phases(self) -> dict[str, float]:
        """Seconds by phase of the whole run: where its time went."""
        total = {"bring-up": self._bring_up}
        if self._cluster:
            total |= self._cluster.phases()
        for result in self._results.values():
            for phase, seconds in result.phases.items():
                total[phase] = total.get(phase, 0.0) + seconds
        if self._hearing:
            total["witness"] = total.get("witness", 0.0) + self._hearing
        return total

    def evidence(self) -> dict[str, str]:
        """What else the cluster's own tools say, by file name, for the report of a failed run."""
        return dict(self._cluster.evidence()) if self._cluster and not self.failure else {}

    def log(self) -> str:
        """The cluster's log, for the report of a failed run."""
        return self._cluster.log() if self._cluster else ""

    def result(self, *, interrupted: bool = False) -> RunResult:
        """The run so far; steps it did not come to are skipped with the reason.

        An interrupted run has not passed, whatever its steps so far.
        """
        reason = self._why_nothing() or NOT_REACHED
        failure = str(
            self.failure or ("the run was interrupted" if interrupted else "") or self._unheard
        )
        return RunResult(
            facts=self._facts,
            started=self._started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - self._clock,
            steps=tuple(
                self._results.get(step.id)
                or _skipped(step, reason if step.id in self._wanted else NOT_SELECTED)
                for step in self._steps
            ),
            failure=failure,
            witness=self._witness,
            bring_up=self._cluster.phases() if self._cluster else {},
        )

    # --- inside --------------------------------------------------------------------------------

    def _why_nothing(self) -> str:
        if self.failure:
            return f"the cluster did not come up: {self.failure.reason}"
        return self._broken

    def _run(self, step: Step) -> StepResult:
        if (why := self._why_nothing()) or self._api is None or self._cluster is None:
            return _skipped(step, why or NOT_REACHED)
        walk = Walk(
            step, self._api, self._cluster.ingress, self._investigator, self._bounds, self._seed
        )
        try:
            result = walk.run()
        except Exception as bug:
            # Not ours to handle, but the report must not call the step skipped.
            words = f"unexpected {type(bug).__name__}: {bug}"
            self._results[step.id] = walk.result(StepStatus.FAILED, words)
            raise
        if result.status is StepStatus.FAILED and step.id in FOUNDATIONS:
            self._broken = f"step {step.id} failed, and everything after it builds on it"
        return result

    def _apply_only(self, step: Step) -> StepResult:
        """Steps after the last selected one are not even applied."""
        if (why := self._why_nothing()) or self._api is None or self._cluster is None:
            return _skipped(step, why or NOT_REACHED)
        rest = self._steps[self._steps.index(step) + 1 :]
        if not any(later.id in self._wanted for later in rest):
            return _skipped(step, NOT_SELECTED)
        walk = Walk(step, self._api, self._cluster.ingress)
        try:
            walk.apply_all()
        except HarnessError as failure:
            self._broken = f"step {step.id} could not be applied, and later ones build on it"
            return walk.result(StepStatus.FAILED, str(failure))
        return walk.result(StepStatus.SKIPPED, ONLY_APPLIED)


def _skipped(step: Step, reason: str) -> StepResult:
    return StepResult(step.id, step.title, StepStatus.SKIPPED, 0.0, None, (), reason)
