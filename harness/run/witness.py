"""The second witness: once a run is over, access logs must account for every request it sent.

Asked once, at the end, because proxies write their logs some time after the answer, and a wait
after each check would double the run. Only checks that passed are asked about: a failed one
needs no second opinion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from harness import observation
from harness.chapter.parts import GATEWAY
from harness.clusters import workloads
from harness.errors import HarnessError
from harness.model import Account, CheckResult, ProxySelector, StepResult, StepStatus
from harness.verdict import Heard, Testimony, bear_out
from harness.waiting import ACCESS_LOGGED, Pending, WaitTimeout, wait_until

if TYPE_CHECKING:
    from harness.clusters.api import Api

LOG_INTERVAL: Final = 0.1
"""Seconds between two looks at the logs."""
LONGEST_LOG: Final = 9 * 1024 * 1024
"""Bytes beyond which a log may have lost its beginning (kubelet's containerLogMaxSize: 10 MiB)."""
NOT_HEARD: Final = "not heard: "
NOT_LOGGED: Final = "the mesh writes no access log (meshConfig.accessLogFile is empty)"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What came of it. ``unheard`` is why nobody could be asked; empty if somebody was."""

    steps: tuple[StepResult, ...]
    requests: int
    contradictions: tuple[str, ...]
    unheard: str = ""

    @property
    def told(self) -> str:
        """The whole hearing in a sentence."""
        if self.unheard:
            return f"{NOT_HEARD}{self.unheard}"
        if self.contradictions:
            return f"they contradict {len(self.contradictions)} of the checks"
        silent = [
            check.witness
            for step in self.steps
            for check in step.checks
            if check.witness.startswith(NOT_HEARD)
        ]
        if silent:
            return f"{len(silent)} of the checks {silent[0]}"
        return f"they account for each of the {self.requests:,} requests"


@dataclass(frozen=True, slots=True)
class _Log:
    """What one workload's proxies have logged, and why that may not be all (or nothing)."""

    requests: tuple[observation.LoggedRequest, ...]
    gaps: str
    youngest: float
    """When its youngest pod was created, in seconds since the epoch: no earlier request is here."""


def hear(api: Api, steps: Sequence[StepResult]) -> Hearing:
    """Ask the access logs about every check that passed, and enter what they say.

    A check that they contradict has not passed, and neither has its step. Logs that cannot be
    complete contradict nothing: the check then says that they were not heard.
    """
    asked = [(check, check.account) for step in steps for check in _asked(step) if check.account]
    if not asked:
        return Hearing(tuple(steps), 0, (), "no check that passed has a witness")
    if unheard := _why_nobody_logs(api):
        return Hearing(tuple(_unheard(step, unheard) for step in steps), 0, (), unheard)
    logs: dict[str, _Log] = {}

    def borne_out() -> None:
        logs.update(_read(api, [account for _, account in asked]))
        for check, account in asked:
            if wrong := _ask(check, account, logs).contradictions:
                raise Pending(f"{check.request}: {wrong[0]}")

    # What is contradicted when the time is over is said of each check below.
    with suppress(WaitTimeout):
        wait_until("access logs that bear the answers out", borne_out, ACCESS_LOGGED, LOG_INTERVAL)
    heard = tuple(_heard_step(step, logs) for step in steps)
    return Hearing(
        heard,
        sum(check.n for check, _ in asked),
        tuple(
            f"{step.id}: {check.request}: {check.witness}"
            for step in heard
            for check in step.checks
            if check.witness and not check.passed
        ),
    )


def _asked(step: StepResult) -> list[CheckResult]:
    """The checks of a step that passed, as far as they have witnesses."""
    return [check for check in step.checks if step.status is StepStatus.PASSED and check.account]


def _why_nobody_logs(api: Api) -> str:
    try:
        return "" if api.access_log_file() else NOT_LOGGED
    except HarnessError as error:
        return f"the mesh's configuration cannot be read: {error}"


def _read(api: Api, accounts: Iterable[Account]) -> dict[str, _Log]:
    asked = {GATEWAY.title: GATEWAY}
    asked |= {each.workload.title: each.workload for one in accounts for each, _ in one.wanted}
    return {title: _read_one(api, workload) for title, workload in asked.items()}


def _read_one(api: Api, workload: ProxySelector) -> _Log:
    pods = api.pods(workload.namespace, workload.labels)
    names = [pod["metadata"]["name"] for pod in pods]
    texts = [api.log(workload.namespace, name, workloads.PROXY_CONTAINER) for name in names]
    gaps = [
        f"the log of {name} is too long to be whole"
        for name, text in zip(names, texts, strict=True)
        if len(text) > LONGEST_LOG
    ]
    gaps += [
        f"istio-proxy of {pod['metadata']['name']} has been restarted"
        for pod in pods
        if workloads.restarts(pod, workloads.PROXY_CONTAINER)
    ]
    return _Log(
        tuple(entry for text in texts for entry in observation.logged_requests(text)),
        "; ".join(gaps) if pods else f"there is no pod of the {workload.title}",
        max((_created(pod) for pod in pods), default=0.0),
    )


def _created(pod: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"]).timestamp()


def _ask(check: CheckResult, account: Account, logs: dict[str, _Log]) -> Testimony:
    entered = {
        each.request_id for each in logs[GATEWAY.title].requests if each.sender == account.sender
    }
    logged = {
        witness.workload.title: {
            each.request_id
            for each in logs[witness.workload.title].requests
            if each.path == witness.path
        }
        for witness, _ in account.wanted
    }
    return bear_out(check, account, Heard(entered, logged))


def _gaps(account: Account, logs: dict[str, _Log]) -> str:
    """Why the logs of this check's witnesses may not be whole."""
    titles = [GATEWAY.title, *(witness.workload.title for witness, _ in account.wanted)]
    said = [logs[title].gaps for title in titles if logs[title].gaps]
    said += [
        f"a pod of the {title} is younger than the request"
        for title in titles
        if logs[title].youngest > account.sent_at
    ]
    return "; ".join(said)


def _heard_step(step: StepResult, logs: dict[str, _Log]) -> StepResult:
    if not _asked(step):
        return step
    checks = tuple(_heard_check(check, logs) for check in step.checks)
    wrong = [check for check in checks if not check.passed]
    if not wrong:
        return dataclasses.replace(step, checks=checks)
    said = "\n".join(_cause(check) for check in wrong)
    return dataclasses.replace(step, checks=checks, status=StepStatus.FAILED, diagnosis=said)


def _cause(check: CheckResult) -> str:
    """What is contradicted, and the commands that show it."""
    assert check.account is not None
    shown = "; ".join(_command(witness.workload) for witness, _ in check.account.wanted)
    return f"{check.witness} ({check.request}); see: {shown}"


def _command(workload: ProxySelector) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(workload.labels.items()))
    return f"kubectl -n {workload.namespace} logs -l {labels} -c istio-proxy --tail=-1"


def _heard_check(check: CheckResult, logs: dict[str, _Log]) -> CheckResult:
    if check.account is None:
        return check
    found = _ask(check, check.account, logs)
    if not found.contradictions:
        return dataclasses.replace(check, witness=found.said)
    if gaps := _gaps(check.account, logs):
        return dataclasses.replace(check, witness=f"{NOT_HEARD}{gaps}")
    said = f"the access logs contradict the answers: {'; '.join(found.contradictions)}"
    return dataclasses.replace(check, passed=False, witness=said, reason=f"{check.reason}; {said}")


def _unheard(step: StepResult, why: str) -> StepResult:
    asked = _asked(step)
    checks = tuple(
        dataclasses.replace(check, witness=f"{NOT_HEARD}{why}") if check in asked else check
        for check in step.checks
    )
    return dataclasses.replace(step, checks=checks)
