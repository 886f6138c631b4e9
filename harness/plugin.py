"""pytest options, fixtures and reports of an end-to-end run, as ``harness e2e`` does it.

Loaded by tests/e2e/conftest.py. The cluster is launched before collection, so that it boots while
pytest and the Kubernetes client are still being imported.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Generator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from harness import report
from harness.chapter import lesson, select, validate
from harness.clusters import ClusterOptions, open_cluster
from harness.clusters.state import RUN_PREFIX
from harness.diagnosis import Investigator
from harness.errors import ChapterError, EnvironmentCannot, UsageError
from harness.model import ClusterFacts, MirrorCheck, RunResult, Step, TrafficCheck
from harness.repository import REPORTS, ROOT
from harness.run import Conductor
from harness.verdict import DEFAULT, Bounds, plan

CONDUCTOR: Final = pytest.StashKey[Conductor]()
RESULT: Final = pytest.StashKey[RunResult]()
OWN_ORDER: Final = "its steps build on each other, in the chapter's order"
EVIDENCE: Final = "evidence"
"""Folder beside the reports with what a failed step's diagnosis is read from."""
LIVE_VIEW: Final = "live-view"
"""Name of the plugin that draws a run on a terminal, if it is there."""
ENVIRONMENT_CANNOT: Final = EnvironmentCannot.exit_code


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of a run; the defaults are those of ``make e2e``."""
    group = parser.getgroup("harness", "where and how the chapter is walked")
    group.addoption("--cluster", default="local", help="local (default), kind or context:NAME")
    group.addoption("--lesson", default="", help="lesson to walk; default: the chapter")
    group.addoption("--steps", default="", help="ids of the steps to check; default: all")
    group.addoption("--keep", action="store_true", help="leave the cluster running afterwards")
    group.addoption(
        "--external", default="stub", choices=("stub", "live"),
        help="the world outside the mesh: a stand-in (default), or the real one",
    )  # fmt: skip
    group.addoption("--istio", default="", help="Istio release to run or to follow")
    for bound in fields(Bounds):
        option = f"--{bound.name.replace('_', '-')}"
        group.addoption(option, type=float, default=bound.default, help="see harness e2e --help")
    group.addoption(
        "--seed",
        type=int,
        default=None,
        help="for the order of a step's checks; default: another each run",
    )
    group.addoption("--kubernetes", default="", help="Kubernetes minor of a kind cluster")
    group.addoption(
        "--install-istio", action="store_true",
        help="install Istio into an existing cluster that has none",
    )  # fmt: skip
    group.addoption("--name", default="", help="name of the cluster; default: a new one")
    group.addoption("--ingress-port", type=int, default=0, help="default: a free one")
    group.addoption("--reports", default=str(REPORTS), help="folder of the reports")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work."""
    if config.getoption("numprocesses", None):
        raise pytest.UsageError(f"the chapter cannot be spread over processes: {OWN_ORDER}")
    try:
        steps = lesson(config.getoption("lesson"))
        validate(steps, ROOT)
        wanted = select(steps, config.getoption("steps").replace(",", " ").split())
        bounds = Bounds(**{bound.name: config.getoption(bound.name) for bound in fields(Bounds)})
        if bounds != DEFAULT:
            _plan_all(steps, bounds)
    except (UsageError, ChapterError) as error:
        raise pytest.UsageError(str(error)) from error
    kind = config.getoption("cluster")
    facts = ClusterFacts(kind, config.getoption("istio"), "", "", "")
    investigator = Investigator(folder(config) / EVIDENCE)
    config.stash[CONDUCTOR] = Conductor(
        steps, wanted, facts, investigator=investigator, bounds=bounds, seed=_seed(config)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Launch the cluster, and go on while it boots."""
    config = session.config
    if config.option.collectonly:
        return
    latest = folder(config)
    latest.mkdir(parents=True, exist_ok=True)
    for stale in ("report.json", "report.html", "junit.xml", "configuration.json", "cluster.log"):
        (latest / stale).unlink(missing_ok=True)
    shutil.rmtree(latest / EVIDENCE, ignore_errors=True)
    keep = config.getoption("keep")
    options = ClusterOptions(
        name=config.getoption("name") or f"{RUN_PREFIX}{secrets.token_hex(3)}",
        istio=config.getoption("istio"),
        external=config.getoption("external"),
        keep=keep,
        ingress_port=config.getoption("ingress_port"),
        kubernetes=config.getoption("kubernetes"),
        install_istio=config.getoption("install_istio"),
        say=_reporter(config),
    )
    conductor = config.stash[CONDUCTOR]
    try:
        conductor.launch(open_cluster(config.getoption("cluster"), options))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    except EnvironmentCannot as error:
        conductor.failure = error


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put steps back into the lesson's order, whatever shuffled them."""
    steps = lesson(config.getoption("lesson"))
    order = {step.id: number for number, step in enumerate(steps)}
    items.sort(key=lambda item: order.get(getattr(item, "callspec", _NO_STEP).id, len(order)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Write the reports, end the cluster, and set the exit code."""
    config = session.config
    conductor = config.stash.get(CONDUCTOR, None)
    if conductor is None or config.option.collectonly:
        yield
        return
    try:
        interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
        result = conductor.result(interrupted=interrupted)
        config.stash[RESULT] = result
        report.write(result, folder(config))
        if not result.passed:
            _write_evidence(conductor, folder(config))
    finally:
        conductor.stop()
    if conductor.failure:
        session.exitstatus = ENVIRONMENT_CANNOT
    yield


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What came out, where the seconds went, and where the report is."""
    if lines := _conclusion(config):
        terminalreporter.section("chapter")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The same for the live view, which stands in for the terminal reporter."""
    if view := config.pluginmanager.get_plugin(LIVE_VIEW):
        result = config.stash.get(RESULT, None)
        view.end(_conclusion(config), result.steps if result else ())


def _conclusion(config: pytest.Config) -> list[str]:
    """The last words of a run, a line each; empty if nothing ran."""
    result = config.stash.get(RESULT, None)
    if result is None:
        return []
    conductor = config.stash[CONDUCTOR]
    lines = [*report.summary(result).splitlines(), f"report: {folder(config) / 'report.html'}"]
    if (folder(config) / EVIDENCE).is_dir():
        lines.append(f"evidence: {folder(config) / EVIDENCE}")
    lines.append(f"seed: {config.option.seed} (--seed repeats the order of the checks)")
    spent = conductor.phases().items()
    lines.append("seconds: " + ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in spent))
    if kept := conductor.kept():
        lines += kept.splitlines()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        lines += report.failures(result)
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(report.step_summary(result))
    return lines


@pytest.fixture(scope="session")
def conductor(request: pytest.FixtureRequest) -> Conductor:
    """Conducts the steps on the cluster, which is up or has said why it is not."""
    found = request.config.stash[CONDUCTOR]
    found.bring_up()
    return found


def folder(config: pytest.Config) -> Path:
    """Where this run's reports go."""
    return Path(config.getoption("reports")) / "latest"


def _seed(config: pytest.Config) -> int:
    if config.option.seed is None:
        config.option.seed = secrets.randbits(31)
    return int(config.option.seed)


def _plan_all(steps: Sequence[Step], bounds: Bounds) -> None:
    """UsageError for bounds that no sample could keep, before a cluster is started for them."""
    for step in steps:
        for stage in step.stages:
            for check in stage.checks:
                traffic = check.traffic if isinstance(check, MirrorCheck) else check
                if isinstance(traffic, TrafficCheck):
                    own = bounds.of_control() if traffic.control else bounds
                    plan(traffic.expectation, own)


def _write_evidence(conductor: Conductor, latest: Path) -> None:
    """The cluster's log, and what its own tools say of it."""
    if log := conductor.log():
        (latest / "cluster.log").write_text(log)
    for name, text in conductor.evidence().items():
        (latest / EVIDENCE).mkdir(exist_ok=True)
        (latest / EVIDENCE / name).write_text(text)


def _reporter(config: pytest.Config) -> Callable[[str], None]:
    """Lines on the terminal, past pytest's capture."""
    if view := config.pluginmanager.get_plugin(LIVE_VIEW):
        say: Callable[[str], None] = view.say
        return say
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.write_line if reporter else lambda line: None


class _NO_STEP:  # noqa: N801
    id = ""
