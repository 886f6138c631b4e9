"""The commands: thin, over the rooms that do the work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

import click

from harness.clusters import ClusterOptions, state
from harness.clusters.local import LocalCluster
from harness.clusters.state import Running
from harness.errors import HarnessError
from harness.repository import REPORTS

DEFAULT_NAME = "local"


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code of the contract (0 fine, 1 step, 2 usage, 3 machine)."""
    try:
        code = harness.main(list(arguments), prog_name="harness", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        help_text.show()
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        click.echo("interrupted", err=True)
        return 1
    except HarnessError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    return int(code or 0)


@click.group()
def harness() -> None:
    """A small shop, one chapter of Istio, and a proof of each step by what clients get."""


@harness.command()
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="Name of the cluster.")
@click.option("--ingress-port", default=0, help="Port of the ingress; default: a free one.")
@click.option(
    "--external", type=click.Choice(["stub", "live"]), default="stub", show_default=True,
    help="The world outside the mesh: a stand-in, or the real one.",
)  # fmt: skip
@click.option("--istio", default="", help="Istio release to follow.")
def up(name: str, ingress_port: int, external: str, istio: str) -> None:
    """Start a local cluster and leave it running."""
    found = state.find(state.check_name(name))
    if found:
        click.echo(f"local cluster {name!r} is already running (pid {found.pid})")
    else:
        options = ClusterOptions(
            name=name, istio=istio, external=external, keep=True, ingress_port=ingress_port
        )
        cluster = LocalCluster(options, leased=False)
        try:
            cluster.launch()
            cluster.wait_ready()
            found = cluster.running
        finally:
            cluster.stop()
    click.echo(_described(found))


@harness.command()
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="Name of the cluster.")
def down(name: str) -> None:
    """Stop a local cluster; fine if there is none. One that is just being started is left."""
    found = state.find(state.check_name(name))
    if found:
        state.end(found.pid)
        state.clean(name)
        click.echo(f"local cluster {name!r} is stopped")
    elif state.clean(name):
        click.echo(f"local cluster {name!r} was not running any more; cleaned up after it")
    else:
        click.echo(f"local cluster {name!r} is not running")


@harness.command()
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="Name of the cluster.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(name: str, as_json: bool) -> int:
    """Say whether a local cluster runs, and how to reach it."""
    found = state.find(state.check_name(name))
    if as_json:
        click.echo(json.dumps(_facts(found) if found else {"name": name, "running": False}))
    elif found:
        click.echo(_described(found))
    elif state.is_starting(name):
        click.echo(f"local cluster {name!r} is just being started")
    else:
        others = ", ".join(cluster.name for cluster in state.running())
        click.echo(
            f"local cluster {name!r} is not running" + (f"; running: {others}" if others else "")
        )
        click.echo("  remedy: harness up" + (f" --name {name}" if name != DEFAULT_NAME else ""))
    return 0 if found else 3


@harness.command()
@click.option("--cluster", default="local", show_default=True, help="local, kind, context:NAME.")
@click.option("--istio", default="", help="Istio release to run or to follow.")
@click.option("--steps", default="", help="Ids of the steps to check; default: all.")
@click.option("--keep", is_flag=True, help="Leave the cluster running afterwards.")
@click.option("--external", type=click.Choice(["stub", "live"]), default="stub", show_default=True)
@click.option("--name", default="", help="Name of the cluster; default: a new one.")
@click.option("--ingress-port", default=0, help="Port of the ingress; default: a free one.")
@click.option("--lesson", default="", help="Lesson: chapter (default) or resilience.")
@click.option("--false-alarm", type=float, help="Most often a right mesh fails a check: 1e-6.")
@click.option("--miss", type=float, help="Most often a mesh off by --smallest-error passes: 2e-5.")
@click.option("--smallest-error", type=float, help="Share worth catching: 0.10 is ten points.")
@click.option("--leak", type=float, help="Share worth catching of wrong answers: 0.014.")
@click.option("--leak-miss", type=float, help="Most often such a leak passes: 1e-3.")
@click.option("--kubernetes", default="", help="Kubernetes minor of a kind cluster.")
@click.option("--install-istio", is_flag=True, help="Into an existing cluster that has none.")
@click.option("--reports", default="", help="Folder of the reports; default: reports.")
@click.option("--seed", type=int, help="Order of a step's checks. Default: another each run.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1),
    help="Whole runs, one after the other, with a ledger of them beside the report.")  # fmt: skip
def e2e(
    cluster: str,
    istio: str,
    steps: str,
    keep: bool,
    external: str,
    name: str,
    ingress_port: int,
    lesson: str,
    false_alarm: float | None,
    miss: float | None,
    smallest_error: float | None,
    leak: float | None,
    leak_miss: float | None,
    kubernetes: str,
    install_istio: bool,
    reports: str,
    seed: int | None,
    repeat: int,
) -> int:
    """Bring a cluster up, walk the chapter, and prove every step.

    harness e2e --steps "header mirror"

    harness e2e --repeat 200

    harness e2e --cluster kind --istio 1.31.0 --keep

    harness e2e --steps mesh-weights --smallest-error 0.05
    """
    from harness.cli.repeat import again, repeated
    from harness.cli.walk import walk

    options = {
        "--cluster": cluster,
        "--istio": istio,
        "--steps": steps,
        "--external": external,
        "--name": name,
        "--reports": reports,
        "--ingress-port": str(ingress_port or ""),
        "--lesson": lesson,
        "--false-alarm": _number(false_alarm),
        "--miss": _number(miss),
        "--smallest-error": _number(smallest_error),
        "--leak": _number(leak),
        "--leak-miss": _number(leak_miss),
        "--kubernetes": kubernetes,
    }
    given = [f"{option}={value}" for option, value in options.items() if value]
    given += ["--install-istio"] if install_istio else []
    if repeat > 1:
        if keep:
            raise click.UsageError("--repeat starts a new cluster for each run: leave --keep out")
        first = SystemRandom().getrandbits(31) if seed is None else seed
        return repeated(again(given), repeat, Path(reports or REPORTS), click.echo, first)
    given += [] if seed is None else [f"--seed={seed}"]
    return walk([*given, *(["--keep"] if keep else [])], lesson)


@harness.command()
@click.option("--cluster", default="local", show_default=True, help="local, kind, context:NAME.")
@click.option("--istio", "releases", default="", help="Releases, separated by blanks.")
@click.option("--steps", default="", help="Ids of the steps to check; default: all.")
@click.option("--reports", default="", help="Folder of the reports; default: reports.")
def matrix(cluster: str, releases: str, steps: str, reports: str) -> int:
    """Walk the chapter on one release after the other, and say what changed.

    On the local cluster a release stands for its Envoy. Without --istio: every one there is.

      harness matrix --istio "1.30.3 1.31.0"
    """
    from rich.console import Console

    from harness.cli.matrix import matrix as run_matrix

    folder = Path(reports or REPORTS).resolve()
    return run_matrix(cluster, releases.split(), steps, folder, Console())


@harness.command()
@click.argument("url", default="")
@click.option("--header", "-H", "headers", multiple=True, help="Name: value, as with curl.")
@click.option(
    "--name", default=DEFAULT_NAME, show_default=True, help="Cluster, if no URL is given."
)
@click.option("--rate", default=20, show_default=True, type=click.IntRange(1, 500),
    help="Requests a second, at most.")  # fmt: skip
@click.option("--window", default=10.0, show_default=True, type=click.FloatRange(1, 600),
    help="Seconds over which shares are shown.")  # fmt: skip
@click.option("--for", "seconds", default=0.0, help="Seconds to go on; default: until Ctrl-C.")
def watch(
    url: str, headers: tuple[str, ...], name: str, rate: int, window: float, seconds: float
) -> None:
    """Keep sending, and show the live shares of v1, v2 and errors.

    Without URL it asks the catalog behind the local cluster's ingress. Apply another
    VirtualService meanwhile, and see the shares move:

      harness watch $INGRESS/api/catalog -H "Host: webapp.istioinaction.io"
    """
    from rich.console import Console

    from harness.cli.watch import target
    from harness.cli.watch import watch as keep_watching

    ingress, request = target(url, headers, name)
    counts = keep_watching(
        ingress, request, rate=rate, window=window, seconds=seconds, console=Console()
    )
    total = sum(counts.values())
    parts = ", ".join(f"{count} {label} ({count / total:.1%})" for label, count in counts.items())
    click.echo(f"{total} answers: {parts}" if total else "no answers")


@harness.command()
@click.option("--cluster", type=click.Choice(["local", "kind"]), default="local", show_default=True,
    help="The kind of cluster whose needs decide the exit code.")  # fmt: skip
def doctor(cluster: str) -> int:
    """Check what this machine has, one line a check: ok, or what to do.

    harness doctor --cluster kind
    """
    from harness.cli.doctor import examine

    findings = examine()
    for finding in findings:
        wanted = finding.cluster == cluster or finding.cluster == DEFAULT_NAME
        mark = "ok  " if finding.ok else "FAIL" if wanted else "no  "
        note = "" if finding.cluster == DEFAULT_NAME else f" (CLUSTER={finding.cluster} only)"
        remedy = f"; remedy: {finding.remedy}" if finding.remedy else ""
        click.echo(f"{mark} {finding.subject}{note}: {finding.words}{remedy}")
    needed = [each for each in findings if each.cluster in (DEFAULT_NAME, cluster)]
    return 0 if all(each.ok for each in needed) else 3


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _facts(found: Running) -> dict[str, object]:
    return {"cluster": "local", "running": True, **dataclasses.asdict(found)}


def _described(found: Running) -> str:
    """What a person needs next; the export lines can be copied as they are."""
    return "\n".join(
        (
            f"cluster     local ({found.name}, pid {found.pid})",
            f"istio       {found.istio} (its behaviour; the control plane is the local pilot)",
            f"envoy       {found.envoy}",
            f"kubeconfig  {found.kubeconfig}",
            f"ingress     {found.ingress}",
            "",
            f"export KUBECONFIG={found.kubeconfig}",
            f"export INGRESS={found.ingress}",
            "",
            "next: kubectl create namespace istioinaction",
        )
    )
