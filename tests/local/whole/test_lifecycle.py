"""Start, end and violent end of whole local clusters; two of them side by side."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from harness.waiting import CONVERGENCE, TEAR_DOWN, Pending, wait_until
from tests.local.whole.commands import BIN, ROOT, Harness
from tests.local.whole.processes import alive, commands, descendants

SHOP = "services/catalog/kubernetes"


def _deploy_catalog(harness: Harness, status: dict[str, str]) -> None:
    for arguments in (
        ("create", "namespace", "istioinaction"),
        ("label", "namespace", "istioinaction", "istio-injection=enabled"),
        ("-n", "istioinaction", "apply", "-f", f"{SHOP}/catalog-deployment.yaml"),
        ("-n", "istioinaction", "apply", "-f", f"{SHOP}/catalog-svc.yaml"),
        ("-n", "istioinaction", "apply", "-f", "ch5/catalog-gateway.yaml"),
        ("-n", "istioinaction", "apply", "-f", "ch5/catalog-vs.yaml"),
        ("-n", "istioinaction", "rollout", "status", "deployment/catalog", "--timeout=30s"),
    ):
        done = harness.kubectl(status, *arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)


def _items(status: dict[str, str]) -> int:
    request = urllib.request.Request(
        status["ingress"] + "/items", headers={"Host": "catalog.istioinaction.io"}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _wait_answered(status: dict[str, str]) -> None:
    """A Deployment is available a moment before every proxy has its endpoint."""

    def answered() -> None:
        if (code := _items(status)) != 200:
            raise Pending(f"the catalog is answered with {code}")

    wait_until("the catalog answers", answered, CONVERGENCE)


def _pid(status: dict[str, str], harness: Harness, name: str) -> int:
    return int(json.loads((harness.home / name / "cluster.json").read_text())["pid"])


def _wait_gone(pids: set[int]) -> None:
    def gone() -> None:
        if left := alive(pids):
            raise Pending("; ".join(commands(left)))

    wait_until("every process of the cluster has ended", gone, TEAR_DOWN)


def test_down_leaves_no_process_and_no_file(harness: Harness) -> None:
    status = harness.up("one")
    _deploy_catalog(harness, status)
    pids = descendants(_pid(status, harness, "one"))
    assert len(pids) >= 5, commands(pids)  # guardian, cluster, gateway, sidecar, gunicorn
    done = harness.run("down", "--name", "one")
    assert done.returncode == 0, done.stderr
    assert alive(pids) == set(), commands(alive(pids))
    assert not (harness.home / "one").exists()
    assert harness.run("down", "--name", "one").returncode == 0


@pytest.mark.parametrize("victim", ["guardian", "cluster", "both"])
def test_kill_9_leaves_no_process_and_the_name_is_free_again(harness: Harness, victim: str) -> None:
    status = harness.up("one")
    _deploy_catalog(harness, status)
    guardian = _pid(status, harness, "one")
    pids = descendants(guardian)
    cluster = int(Path(f"/proc/{guardian}/task/{guardian}/children").read_text())
    victims = {"guardian": [guardian], "cluster": [cluster], "both": [guardian, cluster]}
    for pid in victims[victim]:
        os.kill(pid, signal.SIGKILL)
    _wait_gone(pids)
    again = harness.up("one")
    assert harness.kubectl(again, "get", "namespaces").returncode == 0


def test_two_clusters_side_by_side_do_not_touch_each_other(harness: Harness) -> None:
    first, second = harness.up("first"), harness.up("second")
    assert first["ingress"] != second["ingress"]
    _deploy_catalog(harness, first)
    _wait_answered(first)
    assert _items(second) == 0, "the second cluster has no Gateway: nothing listens"
    assert "istioinaction" not in harness.kubectl(second, "get", "ns", "-o", "name").stdout
    _deploy_catalog(harness, second)
    addresses = [
        harness.kubectl(
            status, "-n", "istioinaction", "get", "pods", "-o", "jsonpath={.items[*].status.podIP}"
        ).stdout
        for status in (first, second)
    ]
    assert addresses[0] != addresses[1]
    assert harness.run("down", "--name", "first").returncode == 0
    _wait_answered(second)


def test_up_twice_says_that_it_runs(harness: Harness) -> None:
    first = harness.up("one")
    again = harness.run("up", "--name", "one")
    assert again.returncode == 0
    assert "already running" in again.stdout + again.stderr
    assert harness.status("one") == first


def test_a_taken_ingress_port_is_exit_3_with_a_remedy(harness: Harness) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = harness.run("up", "--name", "one", "--ingress-port", port)
    assert done.returncode == 3
    assert f"ingress port {port}" in done.stderr
    assert "remedy" in done.stderr


@pytest.mark.parametrize("envoy", ["/nonexistent/envoy", "/bin/false"])
def test_a_missing_or_broken_envoy_is_exit_3_with_a_remedy(harness: Harness, envoy: str) -> None:
    done = subprocess.run(
        [str(BIN / "harness"), "up", "--name", "one"],
        env={**harness.environment, "ENVOY": envoy},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert envoy in done.stderr
    assert "remedy" in done.stderr


def test_ctrl_c_during_a_run_leaves_nothing(harness: Harness, tmp_path: Path) -> None:
    run = subprocess.Popen(
        [str(BIN / "harness"), "e2e", "--reports", str(tmp_path)],
        env=harness.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )

    def cluster_and_pods() -> set[int]:
        pids = descendants(run.pid) - {run.pid}
        if not any("gunicorn" in line for line in commands(pids)):
            raise Pending("no application has been started")
        return pids

    try:
        pids = wait_until("the run's cluster has pods", cluster_and_pods, 60)
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=30)
    finally:
        run.kill()
    assert run.returncode == 2 or run.returncode == 1, output
    _wait_gone(pids)
    assert (tmp_path / "latest" / "report.json").exists(), output


def test_kill_9_of_the_run_leaves_nothing(harness: Harness, tmp_path: Path) -> None:
    run = subprocess.Popen(
        [str(BIN / "harness"), "e2e", "--reports", str(tmp_path)],
        env=harness.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def cluster_and_pods() -> set[int]:
        pids = descendants(run.pid)
        if not any("gunicorn" in line for line in commands(pids)):
            raise Pending("no application has been started")
        return pids

    try:
        pids = wait_until("the run's cluster has pods", cluster_and_pods, 60)
    finally:
        run.kill()
        run.wait()
    _wait_gone(pids)
