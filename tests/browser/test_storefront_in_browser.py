"""The shop's page on a real mesh, in a real browser: what a visitor sees of each state."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SHOTS = ROOT / "reports" / "screenshots"
HOST = "webapp.istioinaction.io"
Scheme = Literal["light", "dark"]


class Shop:
    """A local cluster with the whole shop, and the page of it."""

    def __init__(self, home: Path) -> None:
        self.name = f"t{secrets.token_hex(3)}"
        self.environment = {**os.environ, "HARNESS_HOME": str(home)}
        self.url = ""

    def run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [BIN / program, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self) -> None:
        self.run("harness", "up", "--name", self.name)
        status = json.loads(self.run("harness", "status", "--name", self.name, "--json"))
        self.environment["KUBECONFIG"] = status["kubeconfig"]
        self.url = status["ingress"]
        self.kubectl("create", "namespace", "istioinaction")
        self.kubectl("label", "namespace", "istioinaction", "istio-injection=enabled")
        self.kubectl("config", "set-context", "--current", "--namespace", "istioinaction")
        self.apply("services/catalog/kubernetes", "services/webapp", "services/forum/kubernetes")
        for name in ("catalog", "catalog-v2", "webapp", "forum"):
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
        self.apply("ch5/catalog-dest-rule.yaml")

    def kubectl(self, *arguments: str) -> str:
        return self.run("kubectl", *arguments)

    def apply(self, *files: str) -> None:
        self.kubectl("apply", "-R", *(word for file in files for word in ("-f", file)))

    def down(self) -> None:
        self.run("harness", "down", "--name", self.name)


@pytest.fixture(scope="module")
def shop(browser: Browser) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="h") as home:
        made = Shop(Path(home) / "s")
        made.up()
        try:
            yield made
        finally:
            made.down()


class Visit:
    """One page with everything it said and asked for."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def is_clean(self) -> None:
        assert self.said == []
        assert [url for url in self.asked if not url.startswith(f"{self.url}/")] == []

    def shot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def visit(browser: Browser, shop: Shop, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visitor whose browser finds the shop by its host name, as curl does with -H Host."""
    width, scheme = getattr(request, "param", (1280, "light"))
    port = shop.url.rpartition(":")[2]
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme,
    )  # fmt: skip
    page = context.new_page()
    yield Visit(page, f"http://{HOST}:{port}")
    context.close()


def open_shop(visit: Visit) -> Page:
    visit.page.goto(visit.url + "/")
    return visit.page


@pytest.fixture
def all_v1(shop: Shop) -> None:
    shop.apply("ch5/catalog-vs-v1-mesh.yaml")


def test_v1_has_no_pictures(shop: Shop, all_v1: None, visit: Visit) -> None:
    page = open_shop(visit)
    expect(page.locator("#catalog-version")).to_have_text("v1")
    expect(page.locator(".product")).to_have_count(4)
    expect(page.locator(".picture")).to_have_count(0)
    expect(page.locator("tbody tr")).to_have_count(4)
    visit.shot("storefront-v1")
    visit.is_clean()


WIDTHS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.mark.parametrize("visit", WIDTHS, indirect=True)
def test_the_internal_cohort_sees_v2_with_pictures_and_the_history_shows_the_change(
    shop: Shop, visit: Visit
) -> None:
    shop.apply("ch5/catalog-vs-v2-request-mesh.yaml")
    page = open_shop(visit)
    expect(page.locator("#catalog-version")).to_have_text("v1")
    page.select_option("#cohort", "internal")
    expect(page.locator("#catalog-version")).to_have_text("v2")
    expect(page.locator(".picture svg")).to_have_count(4)
    expect(page.locator("#history .v2").first).to_be_visible()
    expect(page.locator("#history .v1").first).to_be_visible()
    expect(page.locator("#shares")).to_have_text(re.compile(r"v1: \d+, v2: [1-9]"))
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else ""
    visit.shot(f"storefront-v2-{width}-{scheme or 'light'}")
    visit.is_clean()


def test_auto_refresh_is_switched_off_by_keyboard_and_stays_off(
    shop: Shop, all_v1: None, visit: Visit
) -> None:
    page = open_shop(visit)
    button = page.locator("#refresh")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#history li").nth(1)).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Auto-refresh is off")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.locator("#clear").click()
    expect(page.locator("#history li")).to_have_count(0)
    expect(page.locator("#shares")).to_have_text("No answers yet")
    visit.is_clean()


def test_the_first_tab_stop_skips_to_the_products(shop: Shop, all_v1: None, visit: Visit) -> None:
    page = open_shop(visit)
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Skip to the products")
    expect(page.get_by_role("img", name="catalog (up)")).to_be_visible()
    expect(page.get_by_role("list", name="Versions of the last answers")).to_be_attached()
    visit.is_clean()


def test_a_catalog_that_is_down_is_said_and_heard_and_comes_back(
    shop: Shop, all_v1: None, visit: Visit
) -> None:
    page = open_shop(visit)
    expect(page.locator("#catalog-version")).to_have_text("v1")
    shop.kubectl("scale", "deployment/catalog", "deployment/catalog-v2", "--replicas=0")
    try:
        expect(page.get_by_text("The catalog service is not available.")).to_be_visible(
            timeout=20_000
        )
        expect(page.locator("#announcement")).to_have_text(re.compile("catalog: not available"))
        expect(page.locator("#history .down").first).to_be_visible()
        expect(page.locator(".node.down .name")).to_have_text("catalog")
        expect(page.locator("tbody tr")).to_have_count(4)
        visit.shot("storefront-catalog-down")
    finally:
        shop.kubectl("scale", "deployment/catalog", "deployment/catalog-v2", "--replicas=1")
    expect(page.locator("#catalog-version")).to_have_text("v1", timeout=30_000)
    visit.is_clean()


def test_a_blocked_forum_leaves_the_products_standing(
    shop: Shop, all_v1: None, visit: Visit
) -> None:
    mesh = ("-n", "istio-system", "get", "configmap", "istio", "-o", "jsonpath={.data.mesh}")
    before = shop.kubectl(*mesh)

    def policy(text: str) -> None:
        patch = json.dumps({"data": {"mesh": text}})
        shop.kubectl("-n", "istio-system", "patch", "configmap", "istio", "--patch", patch)

    policy(before.replace("ALLOW_ANY", "REGISTRY_ONLY"))
    try:
        page = open_shop(visit)
        expect(page.get_by_text("The forum service is not available.")).to_be_visible(
            timeout=20_000
        )
        expect(page.locator(".product")).to_have_count(4)
        expect(page.locator(".node.down .name")).to_have_text("forum")
        visit.shot("storefront-forum-blocked")
    finally:
        policy(before)
    expect(page.locator("tbody tr")).to_have_count(4, timeout=20_000)
    visit.is_clean()


def test_without_javascript_the_page_is_whole(
    browser: Browser, shop: Shop, all_v1: None, visit: Visit
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(visit.url + "/")
    expect(page.locator(".product")).to_have_count(4)
    expect(page.locator("#controls")).to_be_hidden()
    context.close()
