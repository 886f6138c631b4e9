"""``harness up``, ``status`` and ``down`` with real clusters."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli.commands import run
from harness.clusters import ClusterOptions, local, state
from harness.errors import BringUpFailed


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="h") as short:
        monkeypatch.setenv("HARNESS_HOME", f"{short}/s")
        yield Path(short) / "s"
        for cluster in state.running():
            state.end(cluster.pid)
        # A command ends after `up`; this process goes on, and is the clusters' parent.
        while local.LEFT_RUNNING:
            local.LEFT_RUNNING.pop().wait(10)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_up_twice_status_and_down_twice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "--name", "one"]) == 0
    first = said(capsys)
    assert run(["up", "--name", "one"]) == 0
    assert said(capsys).endswith(first)
    assert run(["status", "--name", "one", "--json"]) == 0
    status = json.loads(said(capsys))
    assert status["cluster"] == "local"
    assert status["envoy"] == "1.40.0"
    assert f"export KUBECONFIG={status['kubeconfig']}" in first.splitlines()
    assert f"export INGRESS={status['ingress']}" in first.splitlines()
    assert Path(status["kubeconfig"]).stat().st_mode & 0o077 == 0
    assert run(["down", "--name", "one"]) == 0
    assert "is stopped" in said(capsys)
    assert not (home / "one").exists()
    assert run(["down", "--name", "one"]) == 0
    assert run(["status", "--name", "one"]) == 3


def test_what_an_earlier_cluster_left_is_gone_when_the_next_one_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that ends at once: what is there afterwards, it has not written.
    monkeypatch.setattr("sys.executable", "/bin/true")
    left = [state.root() / "one" / name for name in ("cluster.json", "kubeconfig")]
    left[0].parent.mkdir()
    for path in left:
        path.write_text("{}")
    cluster = local.LocalCluster(ClusterOptions(name="one"), leased=True)
    try:
        cluster.launch()
        assert [path.name for path in left if path.exists()] == []
        with pytest.raises(BringUpFailed, match="ended without saying why"):
            cluster.wait_ready()
    finally:
        cluster.stop()


def test_a_taken_ingress_port(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["up", "--ingress-port", str(port)]) == 3
    problem = capsys.readouterr().err
    assert f"ingress port {port} on 127.0.0.1 is taken" in problem
    assert "remedy: " in problem
    assert not (home / "local").exists()
    assert run(["status"]) == 3


def test_a_run_may_not_take_the_name_of_a_running_cluster(
    tmp_path: Path,
) -> None:
    assert run(["up", "--name", "one"]) == 0
    command = [sys.executable, "-c", "from harness.cli import main; main()", "e2e"]
    done = subprocess.run(
        [*command, "--name", "one", "--reports", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert "local cluster 'one' is already running" in done.stdout
    assert state.find("one")
