"""Refuses an unsound chapter before anything starts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.errors import ChapterError
from harness.model import (
    Apply,
    Check,
    DeleteAll,
    EnsureNamespace,
    MirrorCheck,
    Mixed,
    Stage,
    Step,
    WorkloadCheck,
)

ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SUM_TOLERANCE: Final = 1e-9


def validate(steps: Sequence[Step], root: Path) -> None:
    """Raise ChapterError listing every fault; ``root`` is what manifest paths are relative to."""
    faults = list(_faults(steps, root))
    if faults:
        raise ChapterError(
            "the chapter is not sound:\n" + "\n".join(f"  - {fault}" for fault in faults),
            "correct the steps named above in harness/chapter, or add the missing files",
        )


def _faults(steps: Sequence[Step], root: Path) -> Iterator[str]:
    if not steps:
        yield "it has no steps"
    for step_id, times in Counter(step.id for step in steps).items():
        if times > 1:
            yield f"step id {step_id!r} is used {times} times"
        if not ID.fullmatch(step_id):
            yield f"step id {step_id!r} is not lower-case words joined by dashes"
    for step in steps:
        if not step.title:
            yield f"step {step.id}: it has no title"
        if not step.stages:
            yield f"step {step.id}: it has no stages"
        for number, stage in enumerate(step.stages, 1):
            for fault in _stage_faults(stage, root):
                yield f"step {step.id}, stage {number}: {fault}"


def _stage_faults(stage: Stage, root: Path) -> Iterator[str]:
    if not stage.checks:
        yield "it checks nothing, so it could not fail"
    for action in stage.actions:
        if isinstance(action, Apply) and not (root / action.path).is_file():
            yield f"manifest {action.path} does not exist"
        if isinstance(action, DeleteAll) and not action.plurals:
            yield "it deletes all objects of no kind"
    changing = [action for action in stage.actions if not isinstance(action, EnsureNamespace)]
    if changing and not stage.proxies:
        yield "it changes what proxies do, but concerns no proxy, so nothing proves it live"
    for check in stage.checks:
        yield from _check_faults(check)


def _check_faults(check: Check) -> Iterator[str]:
    if isinstance(check, WorkloadCheck):
        if not check.containers:
            yield f"the check of deployment {check.deployment} expects no container"
        return
    traffic = check.traffic if isinstance(check, MirrorCheck) else check
    expectation = traffic.expectation
    if isinstance(expectation, Mixed):
        if len(set(expectation.labels)) < 2:
            yield f"{traffic.request}: a mix needs two labels"
        if not 0 < expectation.least <= 1 / max(1, len(expectation.labels)):
            yield f"{traffic.request}: a least share of {expectation.least} cannot hold for all"
        return
    shares = expectation.shares
    if any(not 0 < share <= 1 for share in shares.values()):
        yield f"{traffic.request}: shares must be above 0 and at most 1: {dict(shares)}"
    if abs(sum(shares.values()) - 1) > SUM_TOLERANCE:
        yield f"{traffic.request}: shares do not sum to 1: {dict(shares)}"
