"""The page at /: always there, whatever the services do, and complete without the internet."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from shop_upstream import ITEM, USER, Upstream
from webapp import Settings, create_app
from webapp.settings import Service

NO_CATALOG = "The catalog service is not available."
NO_FORUM = "The forum service is not available."


@pytest.fixture
def client(upstream: Upstream, other_upstream: Upstream) -> FlaskClient:
    """``upstream`` is the catalog, ``other_upstream`` the forum; both have one row."""
    upstream.body = json.dumps([ITEM]).encode()
    other_upstream.body = json.dumps([USER]).encode()
    settings = Settings(Service(upstream.url), Service(other_upstream.url))
    return create_app(settings).test_client()


def page(client: FlaskClient) -> str:
    answer = client.get("/")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    return answer.text


def cells(html: str) -> list[str]:
    return re.findall("<td>(.*?)</td>", html)


def test_products_and_users_are_shown(client: FlaskClient) -> None:
    html = page(client)
    assert cells(html) == [
        "1", "Glasses", "Eyewear", "amber", "282.00",
        "1", "Leanne Graham", "Bret", "leanne@example.com", "Gwenborough", "Romaguera",
    ]  # fmt: skip
    assert "not available" not in html


@pytest.mark.parametrize(
    ("item", "version"), [(ITEM, "v1"), ({**ITEM, "imageUrl": "http://x/y"}, "v2")]
)
def test_the_catalog_s_version_is_shown(
    client: FlaskClient, upstream: Upstream, item: dict[str, object], version: str
) -> None:
    upstream.body = json.dumps([item]).encode()
    assert f'<strong id="catalog-version">{version}</strong>' in page(client)


def test_tables_end_after_four_rows(
    client: FlaskClient, upstream: Upstream, other_upstream: Upstream
) -> None:
    upstream.body = json.dumps([ITEM] * 9).encode()
    other_upstream.body = json.dumps([USER] * 9).encode()
    assert len(cells(page(client))) == 4 * 5 + 4 * 6


@pytest.mark.parametrize(("catalog", "forum"), [(True, False), (False, True), (False, False)])
def test_the_page_says_which_service_is_not_available(
    client: FlaskClient,
    upstream: Upstream,
    other_upstream: Upstream,
    catalog: bool,
    forum: bool,
) -> None:
    upstream.status = 200 if catalog else 503
    other_upstream.status = 200 if forum else 500
    html = page(client)
    assert (NO_CATALOG not in html, NO_FORUM not in html) == (catalog, forum)
    assert len(cells(html)) == 5 * catalog + 6 * forum
    assert ("catalog-version" in html) == catalog


def test_empty_services_are_available(
    client: FlaskClient, upstream: Upstream, other_upstream: Upstream
) -> None:
    upstream.body = other_upstream.body = b"[]"
    html = page(client)
    assert "The catalog is empty." in html
    assert "The forum has no users." in html
    assert "not available" not in html
    assert "catalog-version" not in html, "nothing to tell a version by"


def test_what_services_send_is_text_not_markup(client: FlaskClient, upstream: Upstream) -> None:
    upstream.body = json.dumps([{**ITEM, "name": "<script>alert(1)</script>"}]).encode()
    html = page(client)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_everything_the_page_needs_comes_from_the_webapp(client: FlaskClient) -> None:
    sources: list[str] = []

    class References(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            sources.extend(value or "" for name, value in attrs if name in ("src", "href"))

    References().feed(page(client))
    local = [source for source in sources if not source.startswith("data:")]
    assert local
    for source in local:
        assert source.startswith("/static/")
        with client.get(source) as answer:
            assert answer.status_code == 200
            assert "http" not in answer.text
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy == "default-src 'self'; img-src 'self' data:"


def test_the_page_s_calls_carry_the_visitor_s_headers(
    client: FlaskClient, upstream: Upstream, other_upstream: Upstream
) -> None:
    client.get("/", headers={"x-istio-cohort": "internal"})
    assert upstream.last.headers["x-istio-cohort"] == "internal"
    assert other_upstream.last.headers["x-istio-cohort"] == "internal"
