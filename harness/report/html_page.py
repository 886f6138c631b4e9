"""report.html: one page, no script, nothing fetched from anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.model import RunResult, StepStatus
from harness.report import wording
from harness.report.drawing import bars
from harness.report.wording import duration


def page(run: RunResult) -> str:
    """The run as an HTML page; every text of the run is escaped."""
    answers = sum(check.n for step in run.steps for check in step.checks if check.regions)
    facts = {
        "Cluster": run.facts.cluster,
        "Control plane": run.facts.control_plane,
        "Istio": run.facts.istio,
        "Envoy": run.facts.envoy,
        "Kubernetes": run.facts.kubernetes,
        "Bring-up": ", ".join(f"{part} {duration(took)}" for part, took in run.bring_up.items()),
        "Started": wording.moment(run.started),
        "Took": wording.duration(run.seconds),
        "Answers judged": f"{answers:,}" if answers else "",
        "Time to effect": wording.effects(run.steps),
    }
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            verdict="passed" if run.passed else "failed",
            headline=wording.headline(run),
            tally=wording.tally(run) if run.steps else "no step ran",
            facts={name: value for name, value in facts.items() if value},
            failed=wording.with_status(run, StepStatus.FAILED),
        )
    )


def _presentable(value: object) -> object:
    """What a template prints: text of the run without control characters, markup as it is."""
    return wording.plain(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_presentable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bars": bars,
        "counted": wording.counted,
        "duration": wording.duration,
        "milliseconds": wording.milliseconds,
        "odds": wording.odds,
        "points": wording.points,
    }
    return environment
