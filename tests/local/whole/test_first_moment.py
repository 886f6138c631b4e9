"""What is asked of a whole cluster at the first moment its API answers, long before it is ready."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any

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


class Sender:
    """A kubectl that tells what it sends (-v=7) in a file, and goes on by itself."""

    def __init__(self, harness: Harness, kubeconfig: str, told: Path, *arguments: str) -> None:
        self._told = told
        with told.open("wb") as output:
            self.process = subprocess.Popen(
                [BIN / "kubectl", "--cache-dir", harness.home / "cache", "-v=7", *arguments],
                env={**os.environ, "KUBECONFIG": kubeconfig},
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )

    @property
    def told(self) -> str:
        return self._told.read_text()

    def has_sent(self) -> None:
        if "POST" not in self.told:
            raise Pending(self.told or "nothing is told yet")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def _post(kubeconfig: str, path: str, document: dict[str, Any]) -> http.client.HTTPSConnection:
    """A POST that is sent, down to its last byte; its answer is still to be read."""
    config = json.loads(Path(kubeconfig).read_text())
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    client = http.client.HTTPSConnection(
        cluster["server"].removeprefix("https://"),
        timeout=BRING_UP,
        context=ssl.create_default_context(cadata=authority),
    )
    client.request(
        "POST",
        path,
        json.dumps(document),
        {
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "Content-Type": "application/json",
        },
    )
    return client


def test_what_is_sent_before_the_cluster_is_ready_is_judged_and_run(
    harness: Harness, held: HeldStart, tmp_path: Path
) -> None:
    document = tmp_path / "bad.json"
    document.write_text(json.dumps(BAD))
    kubeconfig = held.listening()
    reach = {"kubeconfig": kubeconfig}
    unready = harness.kubectl(reach, "get", "--raw=/readyz")
    assert unready.returncode == 1
    assert "readyz check failed" in unready.stderr
    # Side by side: each of them is to be the first the cluster hears of.
    senders = {
        what: Sender(harness, kubeconfig, tmp_path / f"{what}.txt", *arguments)
        for what, arguments in (
            ("bad", ("create", "--validate=false", "-f", str(document))),
            ("good", ("create", "-f", "ch5/catalog-vs-v1.yaml")),
            ("deployment", ("create", "-f", DEPLOYMENT)),
        )
    }
    try:
        for what, sender in senders.items():
            wait_until(f"{what} is sent", sender.has_sent, BRING_UP)
        early = _post(
            kubeconfig, "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "early"}}
        )
        # What is asked after them is answered, and they still wait.
        asked = harness.kubectl(reach, "get", "namespaces,configmaps", "-o", "name")
        assert asked.returncode == 0, asked.stderr
        assert "namespace/default" in asked.stdout
        assert "configmap/early" not in asked.stdout
        assert [sender.process.poll() for sender in senders.values()] == [None] * 3
        held.release()
        codes = {what: sender.process.wait(BRING_UP) for what, sender in senders.items()}
        assert early.getresponse().status == 201
        early.close()
    finally:
        for sender in senders.values():
            sender.end()
    output, _ = held.process.communicate(timeout=BRING_UP)
    assert held.process.returncode == 0, output
    told = "\n".join(sender.told for sender in senders.values())
    assert codes == {"bad": 1, "good": 0, "deployment": 0}, told
    assert "spec.http[0].route[0].destination: Required value" in senders["bad"].told
    status = harness.status("first")
    kept = harness.kubectl(status, "get", "virtualservices", "-o", "name").stdout.split()
    assert kept == ["virtualservice.networking.istio.io/catalog-vs-from-gw"]
    for where, name in (("default", "catalog"), ("istio-system", "istio-ingressgateway")):
        rolled = harness.kubectl(
            status, "-n", where, "rollout", "status", f"deployment/{name}", "--timeout=60s"
        )
        assert rolled.returncode == 0, rolled.stdout + rolled.stderr


def test_down_meanwhile_is_refused_and_the_start_goes_on(harness: Harness, held: HeldStart) -> None:
    held.listening()
    refused = harness.run("down", "--name", "first")
    assert refused.returncode == 3, refused.stdout
    assert "'first' is just being started" in refused.stderr
    assert "remedy: wait for `harness up`" in refused.stderr
    unready = harness.run("status", "--name", "first")
    assert unready.returncode == 3
    assert "'first' is just being started" in unready.stdout
    held.release()
    output, _ = held.process.communicate(timeout=BRING_UP)
    assert held.process.returncode == 0, output
    assert harness.kubectl(harness.status("first"), "get", "namespaces").returncode == 0
    assert harness.run("down", "--name", "first").returncode == 0
    assert not (harness.home / "first").exists()


def test_a_start_whose_harness_up_was_killed_is_not_cleaned_up_under_it(
    harness: Harness, held: HeldStart
) -> None:
    held.listening()
    pids = descendants(held.guardian)
    held.process.kill()
    held.process.wait()
    refused = harness.run("down", "--name", "first")
    assert refused.returncode == 3, refused.stdout
    assert "'first' is just being started" in refused.stderr
    assert (harness.home / "first" / "kubeconfig").exists()
    held.release()

    def ready() -> dict[str, Any]:
        asked = harness.run("status", "--name", "first", "--json")
        if asked.returncode:
            raise Pending(asked.stdout)
        status: dict[str, Any] = json.loads(asked.stdout)
        return status

    status = wait_until("the cluster is ready", ready, BRING_UP)
    assert harness.kubectl(status, "get", "namespaces").returncode == 0
    assert harness.run("down", "--name", "first").returncode == 0
    assert alive(pids) == set(), commands(alive(pids))
    assert not (harness.home / "first").exists()


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
