"""Takes the README's screenshots: the storefront and the report, from a real run in a real browser.

Usage: .venv/bin/python tools/take_screenshots.py (wants Chromium)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BIN = Path(sys.executable).parent


def main() -> int:
    """Run the browser test for the storefront and the chapter for the report; keep the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no Chromium on this machine: install Debian's package chromium")
        return 3
    shop = "tests/browser/test_storefront_in_browser.py"
    subprocess.run([BIN / "pytest", "-q", shop, "-k", "internal_cohort"], cwd=ROOT, check=True)
    subprocess.run([BIN / "harness", "e2e"], cwd=ROOT, check=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    shot = ROOT / "reports" / "screenshots" / "storefront-v2-1280-light.png"
    shutil.copyfile(shot, IMAGES / "storefront.png")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto((ROOT / "reports" / "latest" / "report.html").as_uri())
        page.screenshot(path=IMAGES / "report.png")
        browser.close()
    print(f"{IMAGES / 'storefront.png'}\n{IMAGES / 'report.png'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
