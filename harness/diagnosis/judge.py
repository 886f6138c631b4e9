"""From a failure and the evidence to findings: the pure heart of the room."""

from __future__ import annotations

from collections.abc import Iterable

from harness.diagnosis import mirroring, traffic, workloads
from harness.diagnosis.evidence import Evidence, Finding
from harness.errors import ApplyRefused, HarnessError, NotLive
from harness.model import Check, CheckResult, MirrorCheck, TrafficCheck, WorkloadCheck

GAP_MARK = ": "


def explain_check(evidence: Evidence, check: Check, result: CheckResult) -> list[Finding]:
    """Why a check failed; empty if the evidence does not say."""
    match check:
        case WorkloadCheck():
            found = [
                *workloads.missing(evidence, check.namespace, check.deployment),
                *workloads.wrong_containers(
                    evidence, check.namespace, check.deployment, check.containers
                ),
                *workloads.ailing(evidence, only=check.namespace),
            ]
        case MirrorCheck():
            found = traffic.explain(evidence, check.traffic, result.counts)
            found += mirroring.explain(evidence, check)
        case TrafficCheck():
            found = traffic.explain(evidence, check, result.counts)
    if isinstance(check, WorkloadCheck) or found:
        return _distinct(found)
    return _distinct(workloads.ailing(evidence, only="istioinaction"))


def explain_failure(evidence: Evidence, failure: HarnessError) -> list[Finding]:
    """Why a step could not be carried out; empty where the failure says all there is to say."""
    if isinstance(failure, ApplyRefused):
        return []
    found = list(workloads.ailing(evidence))
    if isinstance(failure, NotLive):
        found = [*_rejections(evidence), *found] or [*_never_received(failure)]
    return _distinct(found)


def _rejections(evidence: Evidence) -> Iterable[Finding]:
    """Events of objects whose configuration a proxy rejected."""
    for event in evidence.events:
        if event.get("reason") == "Rejected":
            about = event.get("involvedObject") or {}
            yield Finding(
                f"{about.get('kind')} {about.get('name')}: {event.get('message', '')}",
                f"kubectl -n {about.get('namespace')} get events",
            )


def _never_received(failure: NotLive) -> Iterable[Finding]:
    """Each proxy the failure names, as the one that does not have the change."""
    for gap in failure.reason.partition(GAP_MARK)[2].split(" | "):
        who, _, lacks = gap.partition(GAP_MARK)
        role, _, pod = who.partition(" ")
        if "/" not in pod:
            continue
        space, _, short = pod.partition("/")
        yield Finding(
            f"the {role} proxy of pod {short} never took the change: {lacks}",
            f"kubectl -n {space} exec {short} -c istio-proxy -- "
            "pilot-agent request GET config_dump",
        )


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))
