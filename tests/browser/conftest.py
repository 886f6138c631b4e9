"""A real headless Chromium, and what every page must not do in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

SHOP_HERE = "MAP webapp.istioinaction.io 127.0.0.1"
"""The shop's host name leads to this machine, as a line in /etc/hosts would have it."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine; the tests are skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: Debian package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", f"--host-resolver-rules={SHOP_HERE}"]
        )
        yield browser
        browser.close()
