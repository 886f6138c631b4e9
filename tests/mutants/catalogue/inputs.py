"""Changes of a step itself: harness inputs that are wrong."""

from __future__ import annotations

from dataclasses import replace

from harness.chapter import parts
from harness.model import Request, Stage, Step, TrafficCheck


def policy_left_open(step: Step) -> Step:
    """The mesh stays as ALLOW_ANY as it was."""
    control, blocked = step.stages
    return replace(step, stages=(control, replace(blocked, actions=(parts.ALLOW_ANY,))))


def misspelt_client(step: Step) -> Step:
    """The client's header has another name than the rule's."""
    return _with_request(step, {"x-istio-kohort": "internal"})


def shouting_client(step: Step) -> Step:
    """The client's header value is in upper case."""
    return _with_request(step, {"x-istio-cohort": "INTERNAL"})


def _with_request(step: Step, headers: dict[str, str]) -> Step:
    (stage,) = step.stages
    first, *others = stage.checks
    assert isinstance(first, TrafficCheck)
    wrong = Request(first.request.path, first.request.host, headers)
    checks = (replace(first, request=wrong), *others)
    return replace(step, stages=(Stage(stage.actions, stage.proxies, checks),))
