"""report.html as a person sees it: in a real browser, wide and narrow, light and dark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "reports" / "screenshots"
STEPS = "gateway all-v1 egress-blocked"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a real run of some steps."""
    folder = tmp_path_factory.mktemp("report")
    command = [Path(sys.executable).parent / "harness", "e2e", f"--steps={STEPS}"]
    done = subprocess.run(
        [*command, f"--reports={folder}"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "latest" / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_is_legible_and_self_contained(
    browser: Browser, report: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(report.as_uri())
        assert said == []
        assert asked == [report.as_uri()], "no resource but the file itself"
        text = page.locator("body").inner_text()
        for step in STEPS.split():
            assert step in text
        assert "not istiod" in text
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "nothing to scroll sideways for"
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('body *')]"
            ".filter(e => e.offsetParent && !e.closest('svg') && e.innerText?.trim())"
            ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        assert smallest >= 11, "smaller print is not legible on a phone"
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"report-{width}-{scheme}.png", full_page=True)
    finally:
        page.close()
