"""The guardian: outlives the cluster's process by the moment it takes to clean up after it.

It forks the process that runs ``harness.local.launch`` (a fork, because a second interpreter's
start would take longer than all the guardian does), becomes the subreaper of everything below
it, and waits.
Whatever ends that process, the guardian then kills every descendant that is left, so that no
Envoy or application survives a ``kill -9``. If the guardian itself is killed, the kernel sends
the cluster's process SIGTERM (PR_SET_PDEATHSIG), which stops the cluster in order.

Standard library only: it must be small and have nothing that can fail. Linux only, as the
local cluster is.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from harness.local.options import ClusterConfig, Options, parse

PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""
PR_SET_CHILD_SUBREAPER: Final = 36
"""prctl(2)."""
STOP_SECONDS: Final = 3.5
"""How long the cluster may take to stop in order before it is killed."""
LOG_TAIL_LINES: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster to its end; the exit code is that of its process (128 + signal if killed)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    directory = Path(options.config.directory)
    report_in, report_out = os.pipe()
    child = os.fork()
    if child == 0:
        for descriptor in (report_in, options.status_fd, options.lease_fd, options.lock_fd):
            if descriptor >= 0:
                os.close(descriptor)
        raise SystemExit(_run(options.config, directory / "cluster.log", report_out))
    os.close(report_out)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeup = _signals_as_bytes()
    code = _watch(child, options, report_in, wakeup)
    _sweep()
    with contextlib.suppress(FileNotFoundError):
        (directory / "cluster.json").unlink()
    return code


def _run(config: ClusterConfig, log: Path, report: int) -> int:
    """Be the cluster's process: what it says goes to ``log``."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    quiet = os.open(os.devnull, os.O_RDONLY)
    spoken = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, wanted in ((quiet, 0), (spoken, 1), (spoken, 2)):
        os.dup2(descriptor, wanted)
    os.close(quiet)
    os.close(spoken)
    # Imported by the child alone: the guardian stays small.
    from harness.local.launch import launch

    return launch(Options(config, status_fd=report, lease_fd=-1))


def _signals_as_bytes() -> int:
    """Turn SIGTERM, SIGINT and SIGHUP into readable bytes on the returned descriptor."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for wanted in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wanted, lambda *_: None)
    return readable


def _watch(child: int, options: Options, report: int, wakeup: int) -> int:
    """Wait for the child's end, passing its report on and stopping it when asked to."""
    selector = selectors.DefaultSelector()
    ended = os.pidfd_open(child)
    for descriptor in (ended, report, wakeup, options.lease_fd):
        if descriptor >= 0:
            selector.register(descriptor, selectors.EVENT_READ)
    deadline: float | None = None
    reported = b""
    while True:
        ready = {key.fd for key, _ in selector.select(deadline)}
        if not ready:
            os.kill(child, signal.SIGKILL)
        if report in ready:
            chunk = os.read(report, 65536)
            reported += chunk
            if not chunk or reported.endswith(b"\n"):
                selector.unregister(report)
                if reported:
                    _pass_on(json.loads(reported), options)
        if ended in ready:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if not reported:
                asked = deadline is not None
                _pass_on(_died(code, options, asked=asked), options)
            return code if code >= 0 else 128 - code
        for descriptor in ready & {wakeup, options.lease_fd}:
            if not os.read(descriptor, 64):
                selector.unregister(descriptor)
            os.kill(child, signal.SIGTERM)
            deadline = STOP_SECONDS


def _died(code: int, options: Options, *, asked: bool) -> dict[str, Any]:
    """The report of a child that made none; ``asked``: it was told to stop."""
    log = Path(options.config.directory) / "cluster.log"
    tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    how = f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"
    if asked:
        how = "was asked to stop"
    return {
        "ready": False,
        "reason": f"the process of local cluster {options.config.name!r} {how} before it was ready",
        "remedy": "start it again" if asked else f"read its log: {log}",
        "log_tail": "\n".join(tail),
    }


def _pass_on(report: dict[str, Any], options: Options) -> None:
    """Write the report, with the guardian's pid, to cluster.json and to who started us."""
    line = json.dumps({**report, "pid": os.getpid()}) + "\n"
    if report["ready"]:
        path = Path(options.config.directory) / "cluster.json"
        temporary = path.with_suffix(".new")
        temporary.write_text(line)
        temporary.replace(path)
        if options.lock_fd >= 0:
            # Whoever finds the folder unlocked finds the cluster in it.
            os.close(options.lock_fd)
    if options.status_fd >= 0:
        with contextlib.suppress(BrokenPipeError):
            os.write(options.status_fd, line.encode())
        os.close(options.status_fd)


def _sweep() -> None:
    """Kill and reap every descendant; killed ones hand their children over to us, so repeat."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        for pid in map(int, children.read_text().split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
