"""The second witness: once a run is over, access logs must account for every request answered.

Asked once, at the end, because proxies write their logs some time after the answer, and a wait
after each check would double the run. Only steps that passed are asked about: a failed one needs
no second opinion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.chapter.parts import GATEWAY
from harness.errors import HarnessError
from harness.model import Account, CheckResult, LogStart, ProxySelector, StepResult, StepStatus
from harness.run import logs
from harness.run.logs import LOG_INTERVAL, WorkloadLog
from harness.verdict import Heard, Testimony, bear_out
from harness.waiting import ACCESS_LOGGED, Pending, WaitTimeout, wait_until

if TYPE_CHECKING:
    from harness.clusters.api import Api

NOT_HEARD: Final = "not heard: "
NOTHING_TO_ASK: Final = "no step that passed has sent anything"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What came of it. ``unheard`` is why nobody could be asked; empty if somebody was."""

    steps: tuple[StepResult, ...]
    unheard: str = ""

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What the logs say against the answers, a line a check."""
        return tuple(
            f"{step.id}: {check.request}: {check.witness}"
            for step in self.steps
            for check in step.checks
            if check.witness and not check.passed
        )

    @property
    def told(self) -> str:
        """The whole hearing in a sentence."""
        if self.unheard:
            return f"{NOT_HEARD}{self.unheard}"
        asked = [check for step in self.steps for check in step.checks if check.witness]
        silent = [check for check in asked if check.witness.startswith(NOT_HEARD)]
        said = []
        if wrong := self.contradictions:
            said.append(f"they contradict {len(wrong)} of {len(asked)} checks")
        elif len(silent) < len(asked):
            heard = _answered(check for check in asked if check not in silent)
            of = f" of the {total:,}" if (total := _answered(asked)) > heard else ""
            said.append(f"they account for each of {heard:,}{of} answered requests")
        if silent:
            reasons = list(dict.fromkeys(check.witness for check in silent))
            others = f" (and {len(reasons) - 1} more reasons)" if reasons[1:] else ""
            said.append(f"{len(silent)} of {len(asked)} checks {reasons[0]}{others}")
        return "; ".join(said)


def starts(api: Api, witnesses: Sequence[ProxySelector]) -> Mapping[str, tuple[LogStart, ...]]:
    """Where the logs begin that will be asked, by their workload's title.

    What cannot be read is left out; the checks are then not heard.
    """
    try:
        return {each.title: logs.starts(api, each) for each in (GATEWAY, *witnesses)}
    except HarnessError:
        return {}


def hear(api: Api, steps: Sequence[StepResult]) -> Hearing:
    """Ask the access logs about every step that passed, and enter what they say.

    A check that they contradict has not passed, and neither has its step. Logs that are not whole
    contradict nothing: the check then says that they were not heard.
    """
    asked = [(check, check.account) for step in steps for check in _asked(step) if check.account]
    if not asked:
        return Hearing(tuple(steps), NOTHING_TO_ASK)
    if unheard := _why_nobody_logs(api):
        return _unheard(steps, unheard)
    workloads = {GATEWAY.title: GATEWAY}
    workloads |= {each.workload.title: each.workload for _, one in asked for each, _ in one.wanted}
    found: dict[str, WorkloadLog] = {}
    failure = ""

    def borne_out() -> None:
        nonlocal failure
        try:
            found.update({title: logs.read(api, each) for title, each in workloads.items()})
            failure = ""
        except HarnessError as error:
            failure = f"they could not be read: {error.reason}"
            raise Pending(failure) from error
        for check, account in asked:
            if wrong := _ask(check, account, found).contradictions:
                raise Pending(f"{check.request}: {wrong[0]}")

    try:
        wait_until("access logs that bear the answers out", borne_out, ACCESS_LOGGED, LOG_INTERVAL)
    except WaitTimeout:
        # What is contradicted when the time is over is said of each check below.
        if not found:
            return _unheard(steps, failure)
    return Hearing(tuple(_heard_step(step, found, failure) for step in steps))


def _asked(step: StepResult) -> list[CheckResult]:
    """The checks of a step that passed, as far as they sent anything."""
    return [check for check in step.checks if step.status is StepStatus.PASSED and check.account]


def _why_nobody_logs(api: Api) -> str:
    try:
        return api.why_no_access_log()
    except HarnessError as error:
        return f"the mesh's configuration cannot be read: {error.reason}"


def _ask(check: CheckResult, account: Account, found: Mapping[str, WorkloadLog]) -> Testimony:
    gateway = found[GATEWAY.title].requests
    entered = {each.request_id for each in gateway if each.sender == account.sender}
    logged = {
        witness.workload.title: found[witness.workload.title].ids(witness.path, witness.status)
        for witness, _ in account.wanted
    }
    return bear_out(check, account, Heard(entered, logged))


def _lost(account: Account, found: Mapping[str, WorkloadLog], *, only_silent: bool) -> str:
    """What of the logs of this check's witnesses is lost; of those that held nothing, if so."""
    witnesses = [(GATEWAY, account.answered)]
    witnesses += [(witness.workload, wanted) for witness, wanted in account.wanted]
    said = [
        logs.lost(account.starts[workload.title], found[workload.title])
        if workload.title in account.starts
        else f"where the log of the {workload.title} began is not known"
        for workload, wanted in witnesses
        if not (only_silent and wanted)
    ]
    return "; ".join(dict.fromkeys(filter(None, said)))


def _heard_step(step: StepResult, found: Mapping[str, WorkloadLog], failure: str) -> StepResult:
    if not _asked(step):
        return step
    checks = tuple(_heard_check(check, found, failure) for check in step.checks)
    wrong = [check for check in checks if not check.passed]
    if not wrong:
        return dataclasses.replace(step, checks=checks)
    said = "\n".join(_cause(check) for check in wrong)
    return dataclasses.replace(step, checks=checks, status=StepStatus.FAILED, diagnosis=said)


def _cause(check: CheckResult) -> str:
    """What is contradicted, and the commands that show it."""
    assert check.account is not None
    asked = [GATEWAY, *(witness.workload for witness, _ in check.account.wanted)]
    return f"{check.witness} ({check.request}); see: {'; '.join(map(_command, asked))}"


def _command(workload: ProxySelector) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(workload.labels.items()))
    return f"kubectl -n {workload.namespace} logs -l {labels} -c istio-proxy --tail=-1"


def _heard_check(check: CheckResult, found: Mapping[str, WorkloadLog], failure: str) -> CheckResult:
    if check.account is None:
        return check
    testimony = _ask(check, check.account, found)
    # A log that has lost something still proves what it holds, but not that it held nothing.
    lost = _lost(check.account, found, only_silent=not testimony.contradictions)
    if why := lost or (failure if testimony.contradictions else ""):
        return dataclasses.replace(check, witness=f"{NOT_HEARD}{why}")
    if not testimony.contradictions:
        return dataclasses.replace(check, witness=testimony.said)
    said = f"the access logs contradict the answers: {'; '.join(testimony.contradictions)}"
    return dataclasses.replace(check, passed=False, witness=said, reason=f"{check.reason}; {said}")


def _unheard(steps: Sequence[StepResult], why: str) -> Hearing:
    return Hearing(tuple(_unheard_step(step, why) for step in steps), why)


def _unheard_step(step: StepResult, why: str) -> StepResult:
    asked = _asked(step)
    checks = tuple(
        dataclasses.replace(check, witness=f"{NOT_HEARD}{why}") if check in asked else check
        for check in step.checks
    )
    return dataclasses.replace(step, checks=checks)


def _answered(checks: Iterable[CheckResult]) -> int:
    return sum(check.account.answered for check in checks if check.account)
