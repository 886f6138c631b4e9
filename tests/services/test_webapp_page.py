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


def users(html: str) -> list[str]:
    return re.findall("<td>(.*?)</td>", html)


def products(html: str) -> list[list[str]]:
    """The words of each product, in the order they are read."""
    found = re.findall(r'<li class="product">(.*?)</li>', html, re.DOTALL)
    return [[text for text in re.split(r"\s*<[^>]*>\s*", each) if text.strip()] for each in found]


def test_products_and_users_are_shown(client: FlaskClient) -> None:
    html = page(client)
    assert products(html) == [["Glasses", "Eyewear", "amber", "Price", "282.00", "no. 1"]]
    assert users(html) == [
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
    assert f'<strong id="catalog-version" class="version {version}">{version}</strong>' in page(
        client
    )


def test_only_v2_s_products_have_pictures_drawn_here(
    client: FlaskClient, upstream: Upstream
) -> None:
    assert '<div class="picture">' not in page(client)
    upstream.body = json.dumps([{**ITEM, "imageUrl": "http://lorempixel.com/640/480"}]).encode()
    html = page(client)
    assert f'aria-label="Drawing of {ITEM["name"]}"' in html
    assert "<img" not in html, "a picture on another origin is not asked for"
    assert "lorempixel" not in html


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("/static/x.png", True),
        ("//evil.example/x", False),
        ("/\\evil.example/x", False),
        ("x", False),
    ],
)
def test_pictures_of_this_origin_lie_over_the_drawing(
    client: FlaskClient, upstream: Upstream, url: str, is_own: bool
) -> None:
    upstream.body = json.dumps([{**ITEM, "imageUrl": url}]).encode()
    html = page(client)
    assert ("<img" in html) == is_own
    assert "Drawing of" in html


def test_at_most_four_of_each_are_shown(
    client: FlaskClient, upstream: Upstream, other_upstream: Upstream
) -> None:
    upstream.body = json.dumps([ITEM] * 9).encode()
    other_upstream.body = json.dumps([USER] * 9).encode()
    html = page(client)
    assert (len(products(html)), len(users(html))) == (4, 4 * 6)


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
    assert (len(products(html)), len(users(html))) == (1 * catalog, 6 * forum)
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
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_everything_the_page_needs_comes_from_the_webapp(client: FlaskClient) -> None:
    sources: list[str] = []

    class References(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            sources.extend(value or "" for name, value in attrs if name in ("src", "href"))

    References().feed(page(client))
    local = [source for source in sources if not source.startswith("#")]
    assert local
    for source in local:
        assert source.startswith("/static/")
        with client.get(source) as answer:
            assert answer.status_code == 200
            outside = answer.text.replace("http://www.w3.org/2000/svg", "")
            assert "http" not in outside
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy == "default-src 'self'; img-src 'self' data:"


def test_the_page_s_calls_carry_the_visitor_s_headers(
    client: FlaskClient, upstream: Upstream, other_upstream: Upstream
) -> None:
    client.get("/", headers={"x-istio-cohort": "internal"})
    assert upstream.last.headers["x-istio-cohort"] == "internal"
    assert other_upstream.last.headers["x-istio-cohort"] == "internal"
