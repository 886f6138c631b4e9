"""Both tutorials, command by command, on a real cluster; and proof that a lie in them is caught.

CLUSTER=kind walks them on kind with real Istio.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clusters import ClusterOptions, open_cluster
from harness.repository import ROOT
from tests.tutorial.document import Command, Shown, Skipped, blocks
from tests.tutorial.walk import Reader, faults
from tools.draw_diagrams import diagrams

DOCS = ROOT / "docs"
ENGLISH, CHINESE = DOCS / "tutorial.md", DOCS / "tutorial.zh-CN.md"
PAIRS = [(ENGLISH, CHINESE), (DOCS / "resilience.md", DOCS / "resilience.zh-CN.md")]
PAGES = [page for pair in PAIRS for page in pair]
KIND_OF_CLUSTER = os.environ.get("CLUSTER", "local")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader at a shell on a new cluster."""
    with tempfile.TemporaryDirectory(prefix="h") as home:
        monkeypatch.setenv("HARNESS_HOME", f"{home}/s")
        cluster = open_cluster(KIND_OF_CLUSTER, ClusterOptions(f"e2e-{secrets.token_hex(3)}"))
        try:
            cluster.launch()
            cluster.wait_ready()
            made = Reader(cluster, tmp_path)
            yield made
            made.close()
        finally:
            cluster.stop()


@pytest.mark.parametrize("tutorial", PAGES, ids=[page.stem for page in PAGES])
def test_everything_shown_is_so(tutorial: Path, reader: Reader) -> None:
    found = list(faults(tutorial.read_text(), reader))
    assert not found, "\n\n".join(map(str, found))


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[pair[0].stem for pair in PAIRS])
def test_both_languages_show_the_same_commands_and_outputs(one: Path, other: Path) -> None:
    english, chinese = (
        [
            (block.text, getattr(block, "output", ()), getattr(block, "path", ""))
            for block in blocks(path.read_text())
            if not isinstance(block, Skipped)
        ]
        for path in (one, other)
    )
    assert english == chinese
    assert len(english) > 15


def test_every_file_of_the_chapter_is_shown_or_applied() -> None:
    shown = {
        block.path
        for page in PAGES
        for block in blocks(page.read_text())
        if isinstance(block, Shown)
    }
    for file in sorted((ROOT / "ch5").rglob("*.yaml")):
        assert str(file.relative_to(ROOT)) in shown, "each rule is explained"


def part(text: str, until: str) -> str:
    """The tutorial up to the first command that has ``until`` in it, that block included."""
    command = next(
        block for block in blocks(text) if isinstance(block, Command) and until in block.text
    )
    lines = text.splitlines()
    end = next(n for n in range(command.line, len(lines)) if lines[n].strip() == "```")
    return "\n".join(lines[: end + 1]) + "\n"


CREATED = "gateway.networking.istio.io/catalog-gateway created"
LIES = {
    "output": (CREATED, CREATED.replace("created", "configured")),
    "command": ("-f ch5/catalog-vs.yaml", "-f ch5/catalog-vs-v3.yaml"),
    "yaml": ("    istio: ingressgateway", "    istio: egressgateway"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught(lie: str, reader: Reader) -> None:
    true = part(ENGLISH.read_text(), "ch5/catalog-vs.yaml")
    false = true.replace(*LIES[lie])
    assert false != true
    assert list(faults(false, reader)) != []


def test_the_diagrams_are_those_that_are_drawn() -> None:
    for name, drawn in diagrams().items():
        assert (DOCS / "images" / name).read_text() == drawn, "run tools/draw_diagrams.py"
        for path in (ENGLISH, CHINESE):
            assert f"(images/{name})" in path.read_text()


def test_what_is_not_run_says_why() -> None:
    for path in PAGES:
        reasons = [block.reason for block in blocks(path.read_text()) if isinstance(block, Skipped)]
        assert all(len(reason) > 10 for reason in reasons)
        assert len(reasons) <= 8
