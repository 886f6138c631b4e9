"""What a person types into kubectl, and what kubectl answers, for every supported kubectl."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from kubectl_transcripts import BIN, TRANSCRIPTS, Exchange, normalised, parse, render, terminal

OLDER = BIN.parent / "kubectl-1.36" / "bin" / "kubectl"
DEBIAN = BIN.parent / "kubectl-debian" / "usr" / "bin" / "kubectl"
NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.txt") if path.stem != "debian")


def _release(kubectl: Path) -> str:
    """Minor release, ``1.37``; empty if there is no such kubectl."""
    if not kubectl.exists():
        return ""
    said = subprocess.run(
        [kubectl, "version", "--client"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"v(1\.\d+)\.", said)
    return found[1] if found else ""


def _replay(kubectl: Path, transcript: str) -> None:
    _, exchanges = parse((TRANSCRIPTS / f"{transcript}.txt").read_text(encoding="utf-8"))
    with terminal(kubectl) as shell:
        for expected in exchanges:
            said = shell.run(expected.command)
            assert render([], [said]) == render([], [expected])


@pytest.mark.parametrize("transcript", NAMES)
def test_kubectl_of_the_lock_answers_as_recorded(transcript: str) -> None:
    _replay(BIN / "kubectl", transcript)


@pytest.mark.parametrize("transcript", NAMES)
def test_kubectl_1_36_answers_as_recorded(transcript: str) -> None:
    if _release(OLDER) != "1.36":
        pytest.skip("kubectl 1.36 is not installed: make older-kubectl")
    _replay(OLDER, transcript)


def test_kubectl_1_20_of_debian_walks_the_chapter() -> None:
    if _release(DEBIAN) != "1.20":
        pytest.skip("Debian's kubectl 1.20 is not unpacked: make debian-kubectl")
    _replay(DEBIAN, "debian")


def test_transcripts_read_back_as_they_were_written() -> None:
    exchanges = [Exchange("cat <<E\na\nE", "a", 0), Exchange("false", "", 1)]
    assert parse(render(["# why"], exchanges)) == (["# why"], exchanges)


def test_a_transcript_without_commands_is_refused() -> None:
    with pytest.raises(ValueError, match="proves nothing"):
        parse("# nothing here\n")


def test_only_what_varies_is_taken_out() -> None:
    line = "pod/catalog-flhkbzdkns-9hjpl      2/2     Running   0          13s   127.102.1.3"
    assert normalised(line) == "pod/catalog-<hash>-<id>  2/2  Running  0  <age>  <ip>"
