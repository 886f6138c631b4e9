"""Makes one check of a step: observes the cluster or its answers, and has that judged once."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from harness import observation, traffic, verdict
from harness.clusters import workloads
from harness.model import (
    Account,
    Check,
    CheckResult,
    MirrorCheck,
    ProxySelector,
    Region,
    Sample,
    TrafficCheck,
    WorkloadCheck,
)
from harness.waiting import MIRROR_LOGGED, Pending, WaitTimeout, wait_until

if TYPE_CHECKING:
    from harness.clusters.api import Api

LOG_INTERVAL: Final = 0.1
"""Seconds between two looks at an access log."""


def make(
    check: Check,
    api: Api,
    ingress: str,
    bounds: verdict.Bounds = verdict.DEFAULT,
    sender: str = traffic.SENDER,
) -> CheckResult:
    """The judged check. Raises StepFailed if it could not be made at all.

    ``sender`` is the User-Agent of its requests, by which access logs tell them from others.
    """
    match check:
        case TrafficCheck():
            return _traffic(check, ingress, bounds, sender)
        case MirrorCheck():
            return _mirror(check, api, ingress, bounds, sender)
        case WorkloadCheck():
            return _workload(check, api)


def _traffic(check: TrafficCheck, ingress: str, bounds: verdict.Bounds, sender: str) -> CheckResult:
    plan = verdict.plan(check.expectation, bounds.of_control() if check.control else bounds)
    sent_at = time.time()
    sample, answered = _sample(check, plan, ingress, sender)
    wanted = tuple(
        (witness, sum(sample.counts.get(label, 0) for label in witness.labels))
        for witness in check.witnesses
    )
    account = Account(sender, sent_at, answered, wanted) if wanted else None
    result = verdict.check_result(check.request, plan, sample)
    return dataclasses.replace(result, account=account)


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
    check: MirrorCheck, api: Api, ingress: str, bounds: verdict.Bounds, sender: str
) -> CheckResult:
    """The answers as in any check, and as many copies in the log as requests were sent.

    Proxies write their logs some time after the answer, so requests sent before this check may
    turn up during it: only one that both workloads logged is a copy, and one copied by then is
    of an earlier check.
    """
    earlier = _copies(check, api)
    result = _traffic(check.traffic, ingress, bounds, sender)

    def copied() -> int:
        copies = len(_copies(check, api) - earlier)
        if copies < result.n:
            raise Pending(f"{copies} of {result.n} copies")
        return copies

    try:
        copies = wait_until("mirrored copies", copied, MIRROR_LOGGED, LOG_INTERVAL)
    except WaitTimeout:
        copies = len(_copies(check, api) - earlier)
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


def _copies(check: MirrorCheck, api: Api) -> frozenset[str]:
    """Ids of the requests that both workloads logged."""
    answered = _logged(check.primary, check.logged_path, api)
    return answered & _logged(check.workload, check.logged_path, api)


def _logged(workload: ProxySelector, path: str, api: Api) -> frozenset[str]:
    logs = (
        api.log(workload.namespace, pod, workloads.PROXY_CONTAINER) for pod in _pods(workload, api)
    )
    ids: frozenset[str] = frozenset()
    return ids.union(*(observation.request_ids(log, path) for log in logs))


def _pods(selector: ProxySelector, api: Api) -> list[str]:
    pods = api.pods(selector.namespace, selector.labels)
    return [pod["metadata"]["name"] for pod in pods]


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
