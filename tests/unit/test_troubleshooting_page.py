"""docs/troubleshooting.md lists every error there is."""

from __future__ import annotations

from harness.repository import ROOT
from tools.generate_troubleshooting_page import PAGE, entries, page


def test_the_page_is_current() -> None:
    wanted = "run: .venv/bin/python tools/generate_troubleshooting_page.py"
    assert PAGE.read_text() == page(), wanted


def test_errors_are_found_with_their_remedies() -> None:
    found = entries()
    assert len(found) > 60
    assert {entry.code for entry in found} == {1, 2, 3}
    (taken,) = (entry for entry in found if entry.words.startswith("ingress port"))
    assert "choose another --ingress-port" in taken.remedy


def test_exit_code_3_always_says_what_to_do() -> None:
    silent = [entry.words for entry in entries() if entry.code == 3 and not entry.remedy]
    assert silent == []


def test_every_document_links_to_what_is_there() -> None:
    import re

    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}"
