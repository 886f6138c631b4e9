"""Where local clusters keep their files, and which of them run.

Each has a folder ROOT/NAME, private to the user, and in it ``cluster.json``, written by the
cluster's guardian when it is ready. A file whose process is gone is stale and is cleaned up.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import EnvironmentCannot, UsageError
from harness.waiting import TEAR_DOWN

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,19})")
RUN_PREFIX: Final = "e2e-"
"""Names of clusters that end with the run that started them begin so."""
LONGEST_ROOT: Final = 60
"""Bytes: below it lie Unix sockets, whose whole paths end at 108 bytes (unix(7))."""


@dataclass(frozen=True, slots=True)
class Running:
    """A local cluster that is ready, as its ``cluster.json`` tells."""

    name: str
    pid: int
    kubeconfig: str
    ingress: str
    envoy: str
    istio: str
    kubernetes: str

    @classmethod
    def parse(cls, name: str, data: dict[str, Any]) -> Running:
        """From the status line; KeyError if it lacks something."""
        return cls(
            name=name,
            pid=int(data["pid"]),
            kubeconfig=data["kubeconfig"],
            ingress=data["ingress"].rstrip("/"),
            envoy=data["envoy"],
            istio=data["istio"],
            kubernetes=data["kubernetes"],
        )


def check_name(name: str) -> str:
    """The name itself; UsageError if a local cluster cannot be called so."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"a local cluster cannot be called {name!r}",
            "use at most 20 lower-case letters, digits and dashes, not starting with a dash",
        )
    return name


def root() -> Path:
    """The folder of all local clusters, created if missing.

    $HARNESS_HOME, or else coolstore-UID in $XDG_RUNTIME_DIR or the folder of temporary files.
    Raises EnvironmentCannot if another user owns it or others may enter it.
    """
    home = os.environ.get("HARNESS_HOME")
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    path = Path(home).absolute() if home else Path(base) / f"coolstore-{os.getuid()}"
    remedy = "set HARNESS_HOME to a short, private folder of your own"
    if len(os.fsencode(path)) > LONGEST_ROOT:
        raise EnvironmentCannot(f"the state folder's path is too long for sockets: {path}", remedy)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise EnvironmentCannot(f"cannot make the state folder {path}: {error}", remedy) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EnvironmentCannot(f"the state folder {path} is not a folder of this user", remedy)
    if found.st_mode & 0o077:
        raise EnvironmentCannot(
            f"others may enter the state folder {path} (mode {stat.S_IMODE(found.st_mode):o})",
            f"chmod 700 {path}, or {remedy}",
        )
    return path


@contextlib.contextmanager
def locked(name: str) -> Iterator[tuple[Path, int]]:
    """The folder of cluster ``name``, created, while no other harness starts one of that name.

    The second is the descriptor that locks it: a process that inherits it keeps the lock.
    """
    directory = root() / name
    while True:
        directory.mkdir(mode=0o700, exist_ok=True)
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_same(descriptor, directory):
                yield directory, descriptor
                return
        finally:
            os.close(descriptor)


def find(name: str) -> Running | None:
    """The running cluster of that name, if there is one."""
    directory = root() / name
    try:
        running = Running.parse(name, json.loads((directory / "cluster.json").read_text()))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return running if _is_guardian(running.pid, directory) else None


def running() -> list[Running]:
    """All running local clusters of this user, by name."""
    names = sorted(entry.name for entry in root().iterdir() if entry.is_dir())
    return [cluster for name in names if (cluster := find(name))]


def is_starting(name: str) -> bool:
    """Whether somebody is just starting a cluster of that name."""
    try:
        with _at_rest(name):
            return False
    except EnvironmentCannot:
        return True


def clean(name: str) -> bool:
    """Remove what a cluster that no longer runs left behind; True if there was something.

    EnvironmentCannot if somebody is just starting it.
    """
    with _at_rest(name) as directory:
        if directory is None or find(name):
            return False
        shutil.rmtree(directory, ignore_errors=True)
        return True


def sweep() -> None:
    """Remove what end-to-end runs that were killed left behind."""
    for directory in root().glob(f"{RUN_PREFIX}*"):
        # One that is just being started is somebody's.
        with contextlib.suppress(EnvironmentCannot):
            clean(directory.name)


def end(pid: int, seconds: float = TEAR_DOWN) -> None:
    """Ask the guardian ``pid`` to stop and wait for its end. EnvironmentCannot if it does not."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        if not select.select([descriptor], [], [], seconds)[0]:
            raise EnvironmentCannot(
                f"the local cluster's process {pid} did not end within {seconds:g} s",
                f"kill -9 {pid} ends it at once",
            )
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _at_rest(name: str) -> Iterator[Path | None]:
    """The folder of cluster ``name``, locked against a start; None if there is none.

    EnvironmentCannot, without waiting, if somebody is just starting it.
    """
    directory = root() / name
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EnvironmentCannot(
                f"local cluster {name!r} is just being started",
                "wait for `harness up`, or end it with Ctrl-C",
            ) from error
        yield directory if _is_same(descriptor, directory) else None
    finally:
        os.close(descriptor)


def _is_same(descriptor: int, directory: Path) -> bool:
    """Whether the locked folder is still the one at that path: it may have been removed since."""
    try:
        return os.path.samestat(os.fstat(descriptor), directory.stat())
    except FileNotFoundError:
        return False


def _is_guardian(pid: int, directory: Path) -> bool:
    """Whether ``pid`` still is the cluster's process and not a later one of the same number."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"harness.local" in command and os.fsencode(directory) in command
