"""What is asked of a whole cluster at the first moment its API answers, long before it is ready."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from harness.waiting import BRING_UP, Pending, wait_until
from tests.local.whole.commands import BIN, ROOT, Harness
from tests.local.whole.held import HeldStart
from tests.local.whole.processes import alive, commands, descendants

DEPLOYMENT = "services/catalog/kubernetes/catalog-deployment.yaml"
BAD = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "bad"},
    "spec": {"hosts": ["a.example"], "http": [{"route": [{"destinations": {"host": "a"}}]}]},
}


def _kubeconfig(harness: Harness) -> str:
    path = harness.home / "first" / "kubeconfig"
    if not path.exists():
        raise Pending("there is no kubeconfig")
    return str(path)


def test_what_is_sent_before_the_cluster_is_ready_is_judged_and_run(
    harness: Harness, tmp_path: Path
) -> None:
    document = tmp_path / "bad.json"
    document.write_text(json.dumps(BAD))
    up = subprocess.Popen(
        [str(BIN / "harness"), "up", "--name", "first"],
        env=harness.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    done: dict[str, subprocess.CompletedProcess[str]] = {}

    def send(what: str, arguments: Sequence[str]) -> None:
        done[what] = harness.kubectl({"kubeconfig": kubeconfig}, *arguments)

    try:
        kubeconfig = wait_until("the API listens", lambda: _kubeconfig(harness), BRING_UP)
        # Side by side: each of them is to be the first the cluster hears of.
        senders = [
            threading.Thread(target=send, args=given)
            for given in (
                ("bad", ("create", "--validate=false", "-f", str(document))),
                ("good", ("create", "-f", "ch5/catalog-vs-v1.yaml")),
                ("deployment", ("create", "-f", DEPLOYMENT)),
            )
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    finally:
        assert up.wait(BRING_UP) == 0
    assert done["bad"].returncode == 1
    assert "destination" in done["bad"].stderr
    assert done["good"].returncode == 0, done["good"].stderr
    assert done["deployment"].returncode == 0, done["deployment"].stderr
    status = harness.status("first")
    kept = harness.kubectl(status, "get", "virtualservices", "-o", "name").stdout.split()
    assert kept == ["virtualservice.networking.istio.io/catalog-vs-from-gw"]
    for where, name in (("default", "catalog"), ("istio-system", "istio-ingressgateway")):
        rolled = harness.kubectl(
            status, "-n", where, "rollout", "status", f"deployment/{name}", "--timeout=60s"
        )
        assert rolled.returncode == 0, rolled.stdout + rolled.stderr


def test_a_start_that_is_asked_to_stop_meanwhile_ends_and_was_never_ready(held: HeldStart) -> None:
    held.listening()
    guardian = held.guardian
    pids = descendants(guardian)
    os.kill(guardian, signal.SIGTERM)
    held.release()
    output, _ = held.process.communicate(timeout=BRING_UP)
    assert held.process.returncode == 3, output
    assert "was asked to stop before it was ready" in output
    assert not (held.harness.home / "first").exists()
    assert alive(pids) == set(), commands(alive(pids))
