"""What `make bench` measures. Reports; never judges: figures depend on the machine.

warm run       `harness e2e` from start to exit, three times, and where its seconds went
time to effect a VirtualService changed 20 times: accepted → read back from every proxy
throughput     requests per second through the gateway, and through gateway and sidecars
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import convergence, traffic
from harness.chapter import NAMESPACE, STEPS, parts
from harness.clusters import ClusterOptions, open_cluster
from harness.clusters.api import Api
from harness.model import Apply, Request
from harness.repository import ROOT

HARNESS = Path(sys.executable).with_name("harness")
RUNS = 3
CHANGES = 20
REQUESTS = 3000


def main() -> int:
    """Measure and print; non-zero if something that is measured does not work."""
    warm_runs()
    with shop() as (api, ingress):
        time_to_effect(api)
        throughput(ingress)
    return 0


def warm_runs() -> None:
    """Whole runs: the first line is what a user waits for."""
    seconds = []
    with tempfile.TemporaryDirectory() as reports:
        for _ in range(RUNS):
            started = time.monotonic()
            subprocess.run(
                [HARNESS, "e2e", "--reports", reports],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.monotonic() - started)
        report = json.loads((Path(reports) / "latest" / "report.json").read_text())
    each = ", ".join(f"{value:.1f}" for value in seconds)
    print(f"warm run: median {statistics.median(seconds):.1f} s of {RUNS} ({each})")
    for step in report["steps"]:
        effect = "" if step["effect_ms"] is None else f"   effect {step['effect_ms']:4.0f} ms"
        sent = sum(check["n"] for check in step["checks"])
        print(f"  {step['id']:15} {step['seconds']:5.2f} s   {sent:5} observed{effect}")


@contextmanager
def shop() -> Iterator[tuple[Api, str]]:
    """A local cluster with the whole shop, as the chapter's last step leaves it."""
    cluster = open_cluster("local", ClusterOptions(name="bench"))
    cluster.launch()
    try:
        cluster.wait_ready()
        api = Api(cluster.kubeconfig, ROOT)
        for step in STEPS:
            for stage in step.stages:
                for action in stage.actions:
                    api.perform(action, NAMESPACE)
        for deployment in ("catalog", "catalog-v2", "webapp", "forum"):
            api.wait_available(NAMESPACE, deployment)
        api.perform(Apply("ch5/catalog-gateway.yaml"), NAMESPACE)
        api.perform(Apply("ch5/catalog-vs-v1.yaml"), NAMESPACE)
        convergence.prove(api, parts.WHOLE_SHOP)
        yield api, cluster.ingress
        api.close()
    finally:
        cluster.stop()


def time_to_effect(api: Api) -> None:
    """Alternates two mesh VirtualServices, which every sidecar must take."""
    milliseconds = []
    for number in range(CHANGES):
        name = ("catalog-vs-v1-mesh", "catalog-vs-v2-10-90-mesh")[number % 2]
        api.perform(Apply(f"ch5/{name}.yaml"), NAMESPACE)
        accepted = time.monotonic()
        proof = convergence.prove(api, parts.WHOLE_SHOP)
        milliseconds.append((proof.proven_at - accepted) * 1000)
    print(
        f"time to effect on {len(proof.proxies)} proxies, read-back included: "
        f"median {statistics.median(milliseconds):.0f} ms of {CHANGES}, "
        f"worst {max(milliseconds):.0f} ms"
    )


def throughput(ingress: str) -> None:
    """Both with 8 connections; the ratio is what a hop through webapp costs."""
    rates = {}
    for title, request in (
        ("gateway → catalog", Request("/items", "catalog.istioinaction.io")),
        ("gateway → webapp → catalog", Request("/api/catalog", "webapp.istioinaction.io")),
    ):
        started = time.monotonic()
        answers = traffic.send(ingress, request, REQUESTS)
        rates[title] = REQUESTS / (time.monotonic() - started)
        wrong = sum(answer.status != 200 for answer in answers)
        print(f"throughput {title}: {rates[title]:.0f} requests/s, {wrong} not 200")
    direct, through = rates.values()
    print(f"  ratio: {direct / through:.1f}")


if __name__ == "__main__":
    raise SystemExit(main())
