"""Why faults made on purpose are not met, or time-outs and retries do not mend them. Pure.

Two rules decide: that of the call, in whose proxy the fault is, and that of the gateway in front of
the caller, whose time-out and retries take in the whole call. Envoy's fault filter stands before
its router, so that a rule's own time-out and retries do nothing about its own fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.diagnosis import policies, shop
from harness.diagnosis.evidence import Finding, Json, show, title
from harness.diagnosis.policies import Fault, Retries
from harness.diagnosis.routing import Hop, matches, mismatches
from harness.model import Request, Shares, TrafficCheck

KIND: Final = "virtualservice"
RARELY: Final = 1e-4
"""Share of the requests that a sample does not see."""
TOLERANCE: Final = 0.005
"""Shares closer than this are taken as the same: percentages are whole ones."""


@dataclass(frozen=True, slots=True)
class Case:
    """What was asked, wanted and got, and the two rules on the way."""

    request: Request
    wanted: Mapping[str, float]
    counts: Mapping[str, int]
    host: str
    rule: Json
    """The gateway's VirtualService, and its http rule that takes the request."""
    http: Json
    call: Hop
    """From the caller's sidecar to ``host``."""
    retries: Retries
    """Of the gateway's rule, or of the mesh where it sets none."""


def explain(
    check: TrafficCheck,
    counts: Mapping[str, int],
    host: str,
    gateway: Hop,
    call: Hop,
    default_retries: Json | None = None,
) -> list[Finding]:
    """The causes in the two rules; empty if faults, time-outs and retries do as is expected.

    ``default_retries`` are the mesh's, for rules that set none.
    """
    if not isinstance(check.expectation, Shares) or gateway.rule is None or gateway.http is None:
        return []
    wanted = check.expectation.shares
    retries = policies.retries_of(gateway.http, default_retries)
    case = Case(check.request, wanted, counts, host, gateway.rule, gateway.http, call, retries)
    return [*_fault_at_the_gateway(case), *_errors(case), *_time_outs(case)]


def _fault_at_the_gateway(case: Case) -> Iterator[Finding]:
    """A fault one hop too early: it is not the caller's call that meets it."""
    rule = case.rule
    abort, delay = _faults(case.http)
    if abort and abort.share and f"status {abort.status}" not in case.wanted:
        yield Finding(
            f"{title(rule)} itself {abort}, at the gateway: they end there, and clients get "
            f"status {abort.status}",
            show(KIND, rule),
        )
    if delay and delay.share and shop.TIMED_OUT in case.wanted:
        yield Finding(
            f"{title(rule)} itself {delay}, at the gateway: its timeout starts only after that",
            show(KIND, rule),
        )


def _errors(case: Case) -> Iterator[Finding]:
    """Calls that fail: because of an abort, unless the gateway tries again."""
    rule, call, wanted = case.rule, case.call, case.wanted
    error = shop.ERRORS.get(case.host, "")
    abort = policies.abort_of(call.http or {})
    retries = case.retries
    share = abort.share if abort else 0.0
    if error in wanted:
        if not _is(share, wanted[error]):
            yield _other_fault(case, error)
        elif retries.covers(shop.ERROR_STATUS):
            yield Finding(
                f"{title(rule)} {retries}, so clients do not see the fault; wanted {error!r} for "
                f"{wanted[error]:.0%}",
                show(KIND, rule),
            )
    elif share and error in case.counts and call.rule is not None and call.http is not None:
        if shop.TIMED_OUT in wanted:
            return
        if not retries.covers(shop.ERROR_STATUS):
            yield Finding(
                f"{title(rule)} {retries}, which leaves the caller's answer {shop.ERROR_STATUS} as "
                f"it is: clients see the fault of {title(call.rule)}, which {abort}",
                _both(rule, call.rule),
            )
        elif abort and _all_meet(abort, retries) > RARELY:
            yield _too_few(case, abort, retries)
        if call.http.get("retries"):
            yield _too_late(call.rule, "retries", "are")


def _time_outs(case: Case) -> Iterator[Finding]:
    """Calls that hang: because of a delay, unless a time-out ends the wait."""
    rule, call, wanted = case.rule, case.call, case.wanted
    delay = policies.delay_of(call.http or {})
    if shop.TIMED_OUT not in wanted:
        if shop.TIMED_OUT in case.counts:
            yield from _cut_off(case, delay)
        return
    share = wanted[shop.TIMED_OUT]
    if not delay or not delay.delay or not _is(delay.share, share) or call.rule is None:
        yield _other_fault(case, shop.TIMED_OUT)
        return
    timeout = policies.timeout_of(case.http)
    goal = f"wanted {shop.TIMED_OUT} for {share:.0%}"
    if timeout is None:
        yield Finding(
            f"{title(rule)} sets no timeout, so clients wait for the {delay.delay} by which "
            f"{title(call.rule)} delays calls; {goal}",
            _both(rule, call.rule),
        )
        if call.http and call.http.get("timeout"):
            yield _too_late(call.rule, "timeout", "is")
    elif timeout.milliseconds > delay.delay.milliseconds:
        yield Finding(
            f"timeout {timeout} of {title(rule)} is longer than the {delay.delay} by which "
            f"{title(call.rule)} delays calls, so it ends none; {goal}",
            _both(rule, call.rule),
        )


def _cut_off(case: Case, delay: Fault | None) -> Iterator[Finding]:
    """Time-outs that clients should not see."""
    rule, counts = case.rule, case.counts
    timeout, retries = policies.timeout_of(case.http), case.retries
    each = retries.each
    seen = f"{counts[shop.TIMED_OUT]:,} of {sum(counts.values()):,} requests got 504"
    see = show(KIND, rule)
    if each and not retries.covers_cut_off:
        yield Finding(
            f"{title(rule)} {retries}, which is no word for an attempt that perTryTimeout {each} "
            f"ended, so there is no further one: {seen}",
            see,
        )
    elif timeout and each and delay and _complete(timeout, each) <= retries.attempts:
        yield Finding(
            f"timeout {timeout} of {title(rule)} is for the request with all its retries: it "
            f"leaves time for {_complete(timeout, each)} of {retries.attempts + 1} attempts of "
            f"perTryTimeout {each}: {seen}",
            see,
        )
    elif timeout and not (each and each.milliseconds < timeout.milliseconds):
        yield Finding(
            f"timeout {timeout} of {title(rule)} ends the whole request, and no perTryTimeout "
            f"leaves time to try again: {seen}",
            see,
        )
    elif each and delay and counts[shop.TIMED_OUT] <= delay.share * sum(counts.values()):
        if _all_meet(delay, retries) > RARELY:
            yield _too_few(case, delay, retries)
    elif each:
        yield Finding(
            f"perTryTimeout {each} of {title(rule)} is shorter than an answer takes, so attempts "
            f"end that no fault delays: {seen}",
            see,
        )


def _too_few(case: Case, fault: Fault, retries: Retries) -> Finding:
    """All attempts may meet the fault."""
    caller = case.call.rule or case.rule
    return Finding(
        f"attempts: {retries.attempts} of {title(case.rule)} is too few: {title(caller)} {fault}, "
        f"so {retries.attempts + 1} attempts all meet it in {_all_meet(fault, retries):.1%} of the "
        "requests",
        _both(case.rule, caller),
    )


def _all_meet(fault: Fault, retries: Retries) -> float:
    """The share of the requests of which every attempt meets the fault."""
    return float(fault.share ** (retries.attempts + 1))


def _other_fault(case: Case, label: str) -> Finding:
    """What the rule in force does to calls, instead of the fault that makes the label."""
    call, host = case.call, case.host
    goal = f"wanted {label!r} for {case.wanted[label]:.0%}"
    if call.rule is None or call.http is None:
        return Finding(
            f"no VirtualService for host {host} is bound to mesh, so no call to it meets a fault; "
            f"{goal}",
            "kubectl get virtualservices -A",
        )
    faults = [found for found in _faults(call.http) if found]
    if faults:
        said = " and ".join(map(str, faults))
    else:
        said = f"injects no fault into calls to host {host}{_passed_over(case.request, call.rule)}"
    return Finding(f"{title(call.rule)} {said}; {goal}", show(KIND, call.rule))


def _passed_over(request: Request, rule: Json) -> str:
    """Another rule of the same VirtualService that has a fault, and why it is not met."""
    for place, http in enumerate(rule["spec"].get("http", ()), 1):
        if any(_faults(http)) and not matches(http, request):
            reasons = [why for entry in http["match"] for why in mismatches(entry, request)]
            return f" that are as {request}: its rule {place} does, but {'; '.join(reasons)}"
    return ""


def _faults(http: Json) -> tuple[Fault | None, Fault | None]:
    return policies.abort_of(http), policies.delay_of(http)


def _too_late(rule: Json, what: str, verb: str) -> Finding:
    return Finding(
        f"the {what} of {title(rule)} {verb} no remedy for its own fault, which the proxy injects "
        f"before it sends anything",
        show(KIND, rule),
    )


def _complete(timeout: policies.Duration, each: policies.Duration) -> int:
    """How many attempts may run into their own time-out before the request's ends them all."""
    # A perTryTimeout of 0 s is none: the request's time-out ends the first attempt.
    return int(timeout.milliseconds // each.milliseconds) if each.milliseconds else 0


def _is(share: float, wanted: float) -> bool:
    return abs(share - wanted) < TOLERANCE


def _both(one: Json, other: Json) -> str:
    return f"{show(KIND, one)}; {show(KIND, other)}"
