"""Transcripts: text files of commands and what they print, checked against a live local cluster.

A line that begins with ``$ `` is a command for bash; lines that begin with ``> `` continue it.
What follows, up to the next command, is its output (standard output and error as they came), and
``[exit N]`` if the exit code is not 0. What differs from run to run is written as ``<age>``,
``<hash>`` and so on; see ``normalised``. Run this file to record the transcripts anew, then read
the difference as a reviewer: what is recorded must be what a real API server would answer.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[3]
TRANSCRIPTS: Final = Path(__file__).with_name("transcripts")
BIN: Final = Path(sys.executable).parent
COMMAND_SECONDS: Final = 90
_LETTERS: Final = "[bcdfghjklmnpqrstvwxz2456789]"
_VARIABLE: Final = (
    (r"\x1b\[[0-9;]*m", ""),
    (r"[ \t]{2,}", "  "),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [+-]\d{4})", "<time>"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
    (rf"-{_LETTERS}{{8,10}}-{_LETTERS}{{5}}\b", "-<hash>-<id>"),
    (rf"-{_LETTERS}{{8,10}}\b", "-<hash>"),
    (rf"pod-template-hash([:=]\s*){_LETTERS}{{8,10}}\b", r"pod-template-hash\1<hash>"),
    (r"\b(127|10)(\.\d{1,3}){3}\b", "<ip>"),
    (r"(https?://(<ip>|localhost)):\d+", r"\1:<port>"),
    (r"(?<!cpu:  )(?<=\s)<?\d+[smhd](\d+[smh])?(?=\s|$)", "<age>"),
    (r"(?i)(resource ?version:\s+)\"?\d+\"?", r"\1<version>"),
    (r"(#success|successThreshold)=(\d+) (#failure|failureThreshold)=", r"success=\2 failure="),
    (r"process://\d+", "process://<pid>"),
    (r"/tmp/(LIVE|MERGED)-\d+", r"/tmp/\1-<n>"),
    (r"kubectl-edit-\d+", "kubectl-edit-<n>"),
    (r"\bus=\d+", "us=<n>"),
    (r"v1\.\d+\.\d+(\+\w+)?", "<release>"),
    (r"[ \t]+$", ""),
)  # fmt: skip
_DROPPED: Final = re.compile(r"Waiting for deployment .* rollout to finish: ")
"""How often progress is reported depends on how fast the pods are."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and what is expected of it."""

    command: str
    output: str
    code: int


def parse(text: str) -> tuple[list[str], list[Exchange]]:
    """The comment lines at the top, and the exchanges. ValueError if there is none."""
    head: list[str] = []
    exchanges: list[Exchange] = []
    blocks = re.split(r"(?m)^\$ ", text)
    head = blocks[0].splitlines()
    for block in blocks[1:]:
        first, *rest = block.splitlines()
        more = [line[2:] for line in rest if line.startswith("> ")]
        shown = [line for line in rest if not line.startswith("> ")]
        code = 0
        if shown and (found := re.fullmatch(r"\[exit (\d+)\]", shown[-1])):
            code, shown = int(found[1]), shown[:-1]
        exchanges.append(Exchange("\n".join((first, *more)), "\n".join(shown), code))
    if not exchanges:
        raise ValueError("a transcript without a command proves nothing")
    return head, exchanges


def render(head: list[str], exchanges: list[Exchange]) -> str:
    """The text that ``parse`` reads."""
    lines = list(head)
    for each in exchanges:
        first, *more = each.command.split("\n")
        lines.append(f"$ {first}")
        lines.extend(f"> {line}" for line in more)
        lines.extend([each.output] if each.output else [])
        lines.extend([f"[exit {each.code}]"] if each.code else [])
    return "\n".join(lines) + "\n"


def normalised(output: str) -> str:
    """Output with what differs from run to run replaced by its name, and columns by two spaces."""
    for pattern, name in _VARIABLE:
        output = re.sub(pattern, name, output, flags=re.MULTILINE)
    kept = [line for line in output.splitlines() if line and not _DROPPED.match(line)]
    return "\n".join(kept)


class Terminal:
    """Runs commands as a person would, with one kubectl first on the PATH."""

    def __init__(self, kubectl: Path, facts: dict[str, str], home: Path) -> None:
        tools = home / "bin"
        tools.mkdir()
        (tools / "kubectl").symlink_to(kubectl)
        self._environment = {
            "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "KUBECONFIG": facts["kubeconfig"],
            "INGRESS": facts["ingress"],
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
        }

    def run(self, command: str) -> Exchange:
        """What the command prints (normalised) and its exit code; standard input is empty."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=REPOSITORY, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
        return Exchange(command, normalised(done.stdout), done.returncode)


@contextmanager
def cluster(home: Path) -> Iterator[dict[str, str]]:
    """A local cluster with its state under ``home``; yields what ``status --json`` says."""

    def harness(*arguments: str) -> str:
        return subprocess.run(
            [BIN / "harness", *arguments],
            env={**os.environ, "HARNESS_HOME": str(home)}, cwd=REPOSITORY, check=True,
            stdout=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS,
        ).stdout  # fmt: skip

    harness("up", "--name", "typed")
    try:
        facts: dict[str, str] = json.loads(harness("status", "--name", "typed", "--json"))
        yield facts
    finally:
        harness("down", "--name", "typed")


@contextmanager
def terminal(kubectl: Path) -> Iterator[Terminal]:
    """A terminal on a cluster of its own, with an empty home."""
    home = Path(tempfile.mkdtemp(prefix="h"))
    try:
        with cluster(home) as facts:
            yield Terminal(kubectl, facts, home)
    finally:
        shutil.rmtree(home)


def record() -> None:
    """Write what every command prints now into the transcripts named, or into all."""
    chosen = set(sys.argv[1:])
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        if chosen and path.stem not in chosen:
            continue
        head, exchanges = parse(path.read_text(encoding="utf-8"))
        with terminal(BIN / "kubectl") as shell:
            said = [shell.run(each.command) for each in exchanges]
        path.write_text(render(head, said), encoding="utf-8")


if __name__ == "__main__":
    record()
