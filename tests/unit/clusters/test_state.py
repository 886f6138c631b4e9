"""Names, folders and leftovers of local clusters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clusters import state
from harness.errors import EnvironmentCannot, UsageError

SLEEPER = "import signal; print(flush=True); signal.pause()"
DEAF = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    "signal.pause()"
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="h") as short:
        home = Path(short) / "s"
        monkeypatch.setenv("HARNESS_HOME", str(home))
        yield home


@pytest.fixture
def guardian(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line looks like a guardian's, of cluster ``one``."""
    directory = state.root() / "one"
    directory.mkdir()
    command = [sys.executable, "-c", SLEEPER, "harness.local", "--directory", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def write_status(name: str, pid: int) -> None:
    directory = state.root() / name
    directory.mkdir(exist_ok=True)
    status = {
        "ready": True,
        "pid": pid,
        "kubeconfig": "/k",
        "ingress": "http://127.0.0.1:30080/",
        "envoy": "1.40.0",
        "istio": "1.31.0",
        "kubernetes": "v1.37.0",
    }
    (directory / "cluster.json").write_text(json.dumps(status))


def finished_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("name", ["a", "0", "local", "e2e-0f3a2b", "a" * 20])
def test_good_names(name: str) -> None:
    assert state.check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a" * 21, "a/b", "..", "a b", "ä"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        state.check_name(name)


def test_root_is_private(home: Path) -> None:
    assert state.root() == home
    assert home.stat().st_mode & 0o777 == 0o700


def test_root_that_others_may_enter_is_refused(home: Path) -> None:
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    with pytest.raises(EnvironmentCannot, match="others may enter") as caught:
        state.root()
    assert "chmod 700" in caught.value.remedy


def test_root_that_is_a_link_is_refused(home: Path, tmp_path: Path) -> None:
    home.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(EnvironmentCannot, match="is not a folder of this user"):
        state.root()


def test_root_too_long_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", "/tmp/" + "x" * 80)
    with pytest.raises(EnvironmentCannot, match="too long for sockets"):
        state.root()


def test_a_running_cluster_is_found(guardian: subprocess.Popen[bytes]) -> None:
    write_status("one", guardian.pid)
    found = state.find("one")
    assert found is not None
    assert found.ingress == "http://127.0.0.1:30080"
    assert [cluster.name for cluster in state.running()] == ["one"]
    assert state.clean("one") is False


def test_a_status_file_whose_process_is_gone_is_stale(home: Path) -> None:
    write_status("gone", finished_pid())
    assert state.find("gone") is None
    assert state.clean("gone") is True
    assert not (home / "gone").exists()
    assert state.clean("gone") is False


def test_a_reused_pid_is_not_taken_for_the_cluster(home: Path) -> None:
    write_status("other", os.getpid())
    assert state.find("other") is None


def test_a_torn_status_file_is_no_cluster(home: Path) -> None:
    (state.root() / "torn").mkdir()
    (home / "torn" / "cluster.json").write_text('{"ready": tr')
    assert state.find("torn") is None


def test_end_waits_for_the_process(guardian: subprocess.Popen[bytes]) -> None:
    state.end(guardian.pid)
    assert guardian.wait() < 0


def test_end_of_what_has_ended_is_fine() -> None:
    state.end(finished_pid())


def test_end_says_so_if_it_does_not_end() -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        with pytest.raises(EnvironmentCannot, match=f"process {process.pid} did not end"):
            state.end(process.pid, seconds=0.01)
        process.kill()


def test_sweep_removes_only_what_killed_runs_left(
    home: Path, guardian: subprocess.Popen[bytes]
) -> None:
    write_status("one", guardian.pid)
    write_status("e2e-dead", finished_pid())
    write_status("mine", finished_pid())
    with state.locked("e2e-starting"):
        state.sweep()
        assert sorted(path.name for path in home.iterdir()) == ["e2e-starting", "mine", "one"]


def test_what_is_just_being_started_is_not_cleaned_up(home: Path) -> None:
    assert not state.is_starting("one")
    with state.locked("one") as (directory, _):
        assert state.is_starting("one")
        with pytest.raises(EnvironmentCannot, match="'one' is just being started") as caught:
            state.clean("one")
        assert "Ctrl-C" in caught.value.remedy
        assert directory.exists()
    assert not state.is_starting("one")
    assert state.clean("one") is True
    assert not directory.exists()


def test_one_of_a_name_at_a_time(home: Path) -> None:
    contender = (
        "import fcntl, os, sys; fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "try: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)"
    )
    with state.locked("one") as (directory, _):
        inside = subprocess.run([sys.executable, "-c", contender, directory])
    after = subprocess.run([sys.executable, "-c", contender, directory])
    assert (inside.returncode, after.returncode) == (7, 0)
