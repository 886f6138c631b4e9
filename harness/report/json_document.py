"""report.json, schema 1: a contract, so every key is spelled out here and nowhere else."""

from __future__ import annotations

import json
from typing import Any, Final

from harness.model import CheckResult, RunResult, StepResult

SCHEMA: Final = 1


def document(run: RunResult) -> str:
    """The run as JSON text, ending in a newline. ValueError if a number is not finite."""
    content = {
        "schema": SCHEMA,
        "cluster": run.facts.cluster,
        "istio": run.facts.istio,
        "envoy": run.facts.envoy,
        "kubernetes": run.facts.kubernetes,
        "control_plane": run.facts.control_plane,
        "started": run.started,
        "seconds": round(run.seconds, 3),
        "passed": run.passed,
        "steps": [_step(step) for step in run.steps],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "id": step.id,
        "title": step.title,
        "status": step.status.value,
        "seconds": round(step.seconds, 3),
        "effect_ms": None if step.effect_ms is None else round(step.effect_ms, 3),
        "checks": [_check(check) for check in step.checks],
        "diagnosis": step.diagnosis,
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "request": check.request,
        "expectation": check.expectation,
        "n": check.n,
        "counts": dict(check.counts),
        "verdict": "passed" if check.passed else "failed",
        "false_alarm": check.false_alarm,
        "miss": check.miss,
        "reason": _reason(check),
    }


def _reason(check: CheckResult) -> str:
    """Why it was judged so, and what the access logs said of it where they were asked."""
    if not check.witness or check.witness in check.reason:
        return check.reason
    return f"{check.reason}; access logs: {check.witness}"
