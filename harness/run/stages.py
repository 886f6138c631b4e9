"""Carries out a step's stages, and times each phase."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness import convergence
from harness.chapter import NAMESPACE
from harness.errors import HarnessError
from harness.model import (
    Action,
    Apply,
    Check,
    CheckResult,
    DeleteAll,
    EnsureNamespace,
    ProxyProof,
    SetOutboundPolicy,
    Stage,
    Step,
    StepResult,
    StepStatus,
)
from harness.run import checks, witness
from harness.traffic import SENDER
from harness.verdict import DEFAULT, Bounds

if TYPE_CHECKING:
    from harness.clusters.api import Api
    from harness.diagnosis import Finding, Investigator


class Walk:
    """One step in the making. ``apply`` may be used alone, for steps that are not checked."""

    def __init__(
        self,
        step: Step,
        api: Api,
        ingress: str,
        investigator: Investigator | None = None,
        bounds: Bounds = DEFAULT,
        seed: int = 0,
    ) -> None:
        """``investigator`` explains a failure; without one the failure speaks for itself.

        ``bounds`` are how often a check's verdict may be wrong. ``seed`` fixes what is left to
        chance: the order of a stage's checks.
        """
        # Nothing is kept secret by it: a run has to be repeatable.
        self._chance = random.Random(f"{seed} {step.id}")  # noqa: S311
        self._bounds = bounds
        self._step = step
        self._api = api
        self._ingress = ingress
        self._investigator = investigator
        self._moment = datetime.now(UTC).isoformat()
        self._started = time.monotonic()
        self._phases: dict[str, float] = {}
        self._applied: list[str] = []
        self._proofs: list[ProxyProof] = []
        self._checks: list[CheckResult] = []
        self._made: list[tuple[Check, CheckResult]] = []
        self._effects: list[float] = []

    def run(self) -> StepResult:
        """Every stage until one fails; what is left is then only applied, for later steps."""
        left = list(self._step.stages)
        try:
            while left and all(check.passed for check in self._checks):
                self._stage(left.pop(0))
        except HarnessError as failure:
            diagnosis = self._explained(self._why_not_done(failure), str(failure))
            return self.result(StepStatus.FAILED, self._also_apply(left, diagnosis))
        failed = [check for check in self._checks if not check.passed]
        if failed:
            words = "\n".join(f"{check.request}: {check.reason}" for check in failed)
            diagnosis = self._explained(self._why_not_right(), words)
            return self.result(StepStatus.FAILED, self._also_apply(left, diagnosis))
        return self.result(StepStatus.PASSED, "")

    def apply_all(self) -> None:
        """Only what the step changes, with its workloads available. Raises HarnessError."""
        for stage in self._step.stages:
            self._apply(stage)

    def result(self, status: StepStatus, diagnosis: str) -> StepResult:
        """The step as far as it came."""
        return StepResult(
            id=self._step.id,
            title=self._step.title,
            status=status,
            seconds=time.monotonic() - self._started,
            effect_ms=max(self._effects) * 1000 if self._effects else None,
            checks=tuple(self._checks),
            diagnosis=diagnosis,
            applied=tuple(self._applied),
            proofs=tuple(self._proofs),
            phases=dict(self._phases),
        )

    def _stage(self, stage: Stage) -> None:
        accepted = self._apply(stage)
        if stage.proxies:
            with self._phase("proof"):
                proof = convergence.prove(self._api, stage.proxies)
            self._proofs += proof.proxies
            self._effects.append(proof.proven_at - accepted)
        made: dict[int, CheckResult] = {}
        try:
            self._send(stage.checks, made)
        finally:
            # As written, whatever the order; and those that were made if another could not be.
            for number in sorted(made):
                self._checks.append(made[number])
                self._made.append((stage.checks[number], made[number]))

    def _send(self, wanted: Sequence[Check], made: dict[int, CheckResult]) -> None:
        starts: checks.Starts = checks.NOT_KNOWN
        if any(map(checks.sends, wanted)):
            with self._phase("witness"):
                starts = witness.starts(self._api, checks.witnesses(wanted))
        for number in self._chance.sample(range(len(wanted)), len(wanted)):
            # Not of the seed: a log may still hold what the same seed sent before.
            sender = f"{SENDER}/{secrets.token_hex(8)}"
            with self._phase("traffic"):
                made[number] = checks.make(
                    wanted[number], self._api, self._ingress, self._bounds, sender, starts
                )

    def _apply(self, stage: Stage) -> float:
        """When the API had accepted everything, as a time.monotonic reading.

        Where workloads were started: when they were available. Time to effect is about
        configuration; how long an application takes to start is another matter.
        """
        deployments: list[tuple[str, str]] = []
        accepted = time.monotonic()
        with self._phase("apply"):
            for action in stage.actions:
                for obj in self._api.perform(action, NAMESPACE):
                    if obj["kind"] == "Deployment":
                        metadata = obj["metadata"]
                        deployments.append((metadata["namespace"], metadata["name"]))
                accepted = time.monotonic()
                self._applied.append(_words(action))
        if deployments:
            with self._phase("ready"):
                for namespace, name in deployments:
                    self._api.wait_available(namespace, name)
            accepted = time.monotonic()
        return accepted

    def _why_not_done(self, failure: HarnessError) -> list[Finding]:
        if self._investigator is None:
            return []
        return self._investigator.failed_step(self._step.id, self._moment, self._api, failure)

    def _why_not_right(self) -> list[Finding]:
        if self._investigator is None:
            return []
        failed = [(check, result) for check, result in self._made if not result.passed]
        return self._investigator.failed_checks(self._step.id, self._moment, self._api, failed)

    def _explained(self, findings: list[Finding], symptoms: str) -> str:
        """The causes first, then what was seen of them."""
        return "\n".join([*map(str, findings), symptoms])

    def _also_apply(self, stages: list[Stage], diagnosis: str) -> str:
        """Apply what a failed step has left, since later steps build on it."""
        try:
            for stage in stages:
                self._apply(stage)
        except HarnessError as failure:
            return f"{diagnosis}\nand then: {failure}"
        return diagnosis

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - started
            self._phases[name] = self._phases.get(name, 0.0) + spent


def _words(action: Action) -> str:
    """An action as a person would say it."""
    match action:
        case Apply(path):
            return path
        case EnsureNamespace(name, labels):
            return f"namespace {name} " + " ".join(f"{key}={labels[key]}" for key in labels)
        case DeleteAll(plurals):
            return f"delete {','.join(plurals)} --all"
        case SetOutboundPolicy(mode):
            return f"meshConfig.outboundTrafficPolicy.mode={mode}"
