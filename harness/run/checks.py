"""Makes one check of a step: observes the cluster or its answers, and has that judged once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from harness import observation, traffic, verdict
from harness.clusters import workloads
from harness.errors import StepFailed
from harness.model import (
    Account,
    Check,
    CheckResult,
    LogStart,
    MirrorCheck,
    ProxySelector,
    Region,
    Sample,
    TrafficCheck,
    WorkloadCheck,
)
from harness.run import logs
from harness.run.logs import LOG_INTERVAL, WorkloadLog
from harness.waiting import MIRROR_LOGGED, Pending, WaitTimeout, wait_until

if TYPE_CHECKING:
    from harness.clusters.api import Api

Starts = Mapping[str, tuple[LogStart, ...]]
"""Where access logs began, by their workload's title."""
NOT_KNOWN: Final[Starts] = MappingProxyType({})


def make(
    check: Check,
    api: Api,
    ingress: str,
    bounds: verdict.Bounds = verdict.DEFAULT,
    sender: str = traffic.SENDER,
    starts: Starts = NOT_KNOWN,
) -> CheckResult:
    """The judged check. Raises StepFailed if it could not be made at all.

    ``sender`` is the User-Agent of its requests, by which access logs tell them from others.
    ``starts`` goes into the account of what these logs must hold.
    """
    match check:
        case TrafficCheck():
            return _traffic(check, ingress, bounds, sender, starts)
        case MirrorCheck():
            return _mirror(check, api, ingress, bounds, sender, starts)
        case WorkloadCheck():
            return _workload(check, api)


def sends(check: Check) -> TrafficCheck | None:
    """The traffic of a check; None if it sends nothing."""
    match check:
        case TrafficCheck():
            return check
        case MirrorCheck():
            return check.traffic
        case WorkloadCheck():
            return None


def witnesses(checks: Iterable[Check]) -> tuple[ProxySelector, ...]:
    """The workloads whose access logs have to bear these checks out, each once."""
    sent = [traffic for check in checks if (traffic := sends(check))]
    found = {each.workload.title: each.workload for one in sent for each in one.witnesses}
    return tuple(found.values())


def _traffic(
    check: TrafficCheck, ingress: str, bounds: verdict.Bounds, sender: str, starts: Starts
) -> CheckResult:
    plan = verdict.plan(check.expectation, bounds.of_control() if check.control else bounds)
    sample, answered = _sample(check, plan, ingress, sender)
    wanted = tuple(
        (witness, sum(sample.counts.get(label, 0) for label in witness.labels))
        for witness in check.witnesses
    )
    result = verdict.check_result(check.request, plan, sample)
    return dataclasses.replace(result, account=Account(sender, answered, wanted, starts))


def _sample(
    check: TrafficCheck, plan: verdict.AnyPlan, ingress: str, sender: str
) -> tuple[Sample, int]:
    """The whole sample, and how many of it are HTTP answers.

    Every answer counts, and the plan says when there are enough.
    """
    sample, answered = observation.observe(check.classifier, []), 0
    while more := verdict.wanted(plan, sample):
        answers = traffic.send(ingress, check.request, more, sender=sender)
        answered += sum(answer.status is not None for answer in answers)
        sample = observation.merge(sample, observation.observe(check.classifier, answers))
    return sample, answered


def _mirror(
    check: MirrorCheck,
    api: Api,
    ingress: str,
    bounds: verdict.Bounds,
    sender: str,
    starts: Starts,
) -> CheckResult:
    """The answers as in any check, and as many copies in the log as requests were sent.

    Proxies write their logs some time after the answer, so requests sent before this check may
    turn up during it: only one that both workloads logged is a copy, and one copied by then is
    of an earlier check. StepFailed if a log lost its beginning while it was being counted.
    """
    pair = (check.primary, check.workload)
    before = [logs.read(api, each) for each in pair]
    earlier = _copies(check, before)
    result = _traffic(check.traffic, ingress, bounds, sender, starts)
    now: list[WorkloadLog] = []

    def copied() -> int:
        now[:] = [logs.read(api, each) for each in pair]
        copies = len(_copies(check, now) - earlier)
        if copies < result.n:
            raise Pending(f"{copies} of {result.n} copies")
        return copies

    try:
        copies = wait_until("mirrored copies", copied, MIRROR_LOGGED, LOG_INTERVAL)
    except WaitTimeout:
        copies = len(_copies(check, now) - earlier)
        for old, log in zip(before, now, strict=True):
            if lost := logs.lost(logs.starts_of(old), log):
                raise StepFailed(
                    f"copies cannot be counted: {lost}", "walk the step again"
                ) from None
    right = copies == result.n
    said = f"{copies} copies of {result.n} requests reached the {check.workload.title}"
    return dataclasses.replace(
        result,
        expectation=f"{result.expectation}; and a copy of each reaches the {check.workload.title}",
        counts={**result.counts, "copies": copies},
        regions=(*result.regions, Region("copies", 1.0, result.n, result.n)),
        passed=result.passed and right,
        reason=f"{result.reason}; {said}" + ("" if right else f", wanted {result.n}"),
    )


def _copies(check: MirrorCheck, pair: Sequence[WorkloadLog]) -> frozenset[str]:
    """Ids of the requests that both workloads logged."""
    answered, copied = (each.ids(check.logged_path) for each in pair)
    return answered & copied


def _workload(check: WorkloadCheck, api: Api) -> CheckResult:
    deployment = api.wait_available(check.namespace, check.deployment)
    pods = api.pods(check.namespace, workloads.selector(deployment))
    problems = [reason for pod in pods for reason in workloads.not_ready(pod)]
    problems += [
        f"pod {pod['metadata']['name']} has containers {', '.join(found)}"
        for pod in pods
        if sorted(found := workloads.containers(pod)) != sorted(check.containers)
    ]
    if not pods:
        problems.append("it has no pods")
    wanted = " and ".join(check.containers)
    counts: Mapping[str, int] = {"pods": len(pods)}
    return CheckResult(
        request=f"deployment {check.namespace}/{check.deployment}",
        expectation=f"available, each pod with exactly the containers {wanted}, all ready",
        n=len(pods),
        counts=counts,
        passed=not problems,
        false_alarm=0.0,
        miss=0.0,
        reason="; ".join(problems) or f"{len(pods)} pod{'s' if len(pods) > 1 else ''} as wanted",
    )
