"""The webapp's API: what passes, what is left behind, and what is said when a service fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from catalog import Settings as CatalogSettings
from catalog import create_app as create_catalog
from flask.testing import FlaskClient
from shop_upstream import ITEM, USER, Upstream, refusing_port
from webapp import Settings, create_app
from webapp.settings import Service

CATALOG_ERROR = b"error calling Catalog service"
FORUM_ERROR = b"error calling Forum service"
TEXT = "text/plain; charset=utf-8"
NEW = {"color": "blue", "department": "Garden", "name": "Gnome", "price": "9.99"}


def webapp(url: str, **settings: Any) -> FlaskClient:
    return create_app(Settings(Service(url), Service(url), **settings)).test_client()


@pytest.mark.parametrize(("show_image", "length"), [(False, 357), (True, 529)])
def test_the_catalog_s_listing_is_written_compactly(
    upstream: Upstream, show_image: bool, length: int
) -> None:
    listing = create_catalog(CatalogSettings(show_image)).test_client().get("/items")
    upstream.body = listing.data
    answer = webapp(upstream.url).get("/api/catalog")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert len(answer.data) == length
    assert answer.data == json.dumps(listing.json, separators=(",", ":")).encode()
    assert (upstream.last.method, upstream.last.target) == ("GET", "/items")


def test_fields_of_an_item_are_fixed_and_ordered(upstream: Upstream) -> None:
    upstream.body = json.dumps(
        [
            {**dict(reversed(ITEM.items())), "stock": 3, "imageUrl": ""},
            {**ITEM, "name": "Bücher & <b>"},
        ]
    ).encode()
    first, second = webapp(upstream.url).get("/api/catalog").json
    assert list(first.items()) == list(ITEM.items())
    assert second["name"] == "Bücher & <b>"


def test_users_lose_what_is_not_theirs_to_show(upstream: Upstream) -> None:
    sent = {**USER, "address": {**USER["address"], "geo": {"lat": "1"}}, "secret": "x"}
    upstream.body = json.dumps([sent]).encode()
    answer = webapp(upstream.url).get("/api/users")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.data == json.dumps([USER], separators=(",", ":")).encode()
    assert upstream.last.target == "/api/users"


def test_one_item(upstream: Upstream) -> None:
    upstream.body = json.dumps(ITEM, indent=2).encode()
    answer = webapp(upstream.url).get("/api/catalog/items/1")
    assert answer.data == json.dumps(ITEM, separators=(",", ":")).encode()
    assert upstream.last.target == "/items/1"


def test_an_unknown_item_is_not_found(upstream: Upstream) -> None:
    upstream.status, upstream.body = 404, b"Not Found"
    answer = webapp(upstream.url).get("/api/catalog/items/77")
    assert (answer.status_code, answer.data, answer.content_type) == (404, b"Not Found", TEXT)


def test_an_item_s_id_has_digits_only(upstream: Upstream) -> None:
    assert webapp(upstream.url).get("/api/catalog/items/1x").status_code == 404
    assert not upstream.asked


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/catalog", CATALOG_ERROR),
        ("/api/catalog/items/1", CATALOG_ERROR),
        ("/api/users", FORUM_ERROR),
    ],
)
class TestFailures:
    """Each as plain text, status 500, without a newline."""

    def check(self, client: FlaskClient, path: str, error: bytes) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.data, answer.content_type) == (500, error, TEXT)
        assert answer.content_length in (27, 29)

    def test_nobody_listens(self, path: str, error: bytes) -> None:
        self.check(webapp(f"http://127.0.0.1:{refusing_port()}"), path, error)

    def test_no_such_host(self, path: str, error: bytes) -> None:
        self.check(webapp("http://shop.invalid"), path, error)

    def test_connection_closed(self, path: str, error: bytes, upstream: Upstream) -> None:
        upstream.closing = True
        self.check(webapp(upstream.url), path, error)
        assert len(upstream.asked) == 1, "the application does not retry"

    def test_silence_ends_by_the_time_out(
        self, path: str, error: bytes, upstream: Upstream
    ) -> None:
        upstream.silent = True
        self.check(webapp(upstream.url, read_timeout=0.1), path, error)
        assert len(upstream.asked) == 1

    @pytest.mark.parametrize("status", [400, 403, 500, 502, 503])
    def test_error_status(self, path: str, error: bytes, status: int, upstream: Upstream) -> None:
        upstream.status = status
        upstream.body = json.dumps([ITEM] if "catalog" in path else [USER]).encode()
        self.check(webapp(upstream.url), path, error)

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"null", b'"x"', b"[1]", b"[{}]", b'[{"id": "1"}]', b"[" * 100_000]
    )
    def test_wrong_shape(self, path: str, error: bytes, body: bytes, upstream: Upstream) -> None:
        upstream.body = body
        self.check(webapp(upstream.url), path, error)

    def test_a_redirect_is_not_followed(self, path: str, error: bytes, upstream: Upstream) -> None:
        upstream.status, upstream.headers = 302, {"Location": "/elsewhere"}
        upstream.body = b""
        self.check(webapp(upstream.url), path, error)
        assert len(upstream.asked) == 1


@pytest.mark.parametrize("key", ["color", "department", "name", "price", "id"])
def test_each_field_of_an_item_must_be_there(upstream: Upstream, key: str) -> None:
    upstream.body = json.dumps([{name: ITEM[name] for name in ITEM if name != key}]).encode()
    assert webapp(upstream.url).get("/api/catalog").data == CATALOG_ERROR


def test_a_failing_service_leaves_the_other_alone(
    upstream: Upstream, other_upstream: Upstream
) -> None:
    upstream.status = 503
    other_upstream.body = json.dumps([USER]).encode()
    client = create_app(Settings(Service(upstream.url), Service(other_upstream.url))).test_client()
    assert client.get("/api/catalog").data == CATALOG_ERROR
    assert client.get("/api/users").json == [USER]


def test_a_new_item_is_handed_on_with_only_its_own_fields(upstream: Upstream) -> None:
    created = {"id": 5, **NEW}
    upstream.status, upstream.body = 201, json.dumps(created).encode()
    answer = webapp(upstream.url).post(
        "/api/catalog/items",
        json={"id": 9, **NEW, "imageUrl": "x", "stock": 1},
        headers={"x-istio-cohort": "internal"},
    )
    assert (answer.status_code, answer.json) == (201, created)
    assert answer.headers["Location"] == "/api/catalog/items/5"
    asked = upstream.last
    assert (asked.method, asked.target, json.loads(asked.body)) == ("POST", "/items", NEW)
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["x-istio-cohort"] == "internal"


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", json.dumps({**NEW, "price": 9.99})])
def test_an_invalid_item_is_refused_without_a_call(upstream: Upstream, body: str) -> None:
    answer = webapp(upstream.url).post("/api/catalog/items", data=body)
    assert (answer.status_code, answer.data) == (400, b"Invalid CatalogItem")
    assert answer.content_type == TEXT
    assert not upstream.asked


@pytest.mark.parametrize(
    ("status", "answered", "text"),
    [(400, 400, b"Invalid CatalogItem"), (500, 500, CATALOG_ERROR), (503, 500, CATALOG_ERROR)],
)
def test_what_the_catalog_says_of_a_new_item_counts(
    upstream: Upstream, status: int, answered: int, text: bytes
) -> None:
    upstream.status, upstream.body = status, b"no"
    answer = webapp(upstream.url).post("/api/catalog/items", json=NEW)
    assert (answer.status_code, answer.data) == (answered, text)


def test_a_new_item_that_cannot_be_handed_on() -> None:
    answer = webapp(f"http://127.0.0.1:{refusing_port()}").post("/api/catalog/items", json=NEW)
    assert (answer.status_code, answer.data) == (500, CATALOG_ERROR)


def test_health_asks_nobody(upstream: Upstream) -> None:
    answer = webapp(upstream.url).get("/api/healthz")
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"Healthy!", TEXT)
    assert not upstream.asked


def test_calls_share_a_kept_connection_and_no_cookie(upstream: Upstream) -> None:
    upstream.body = json.dumps([ITEM]).encode()
    upstream.headers["Set-Cookie"] = "session=of-the-first-client"
    client = webapp(upstream.url)
    for _ in range(5):
        assert client.get("/api/catalog").status_code == 200
    assert upstream.connections == 1
    assert [asked.headers["Cookie"] for asked in upstream.asked] == [None] * 5
