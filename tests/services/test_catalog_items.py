"""What the catalog sells and how a new item is taken in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from catalog import Settings, create_app
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

VALID = {"color": "blue", "department": "Garden", "name": "Gnome", "price": "9.99"}
V1_ITEMS = [
    (1, "amber", "Eyewear", "Elinor Glasses", "282.00"),
    (2, "cyan", "Clothing", "Atlas Shirt", "127.00"),
    (3, "teal", "Clothing", "Small Metal Shoes", "232.00"),
    (4, "red", "Watches", "Red Dragon Watch", "232.00"),
]


def client(show_image: bool = False) -> FlaskClient:
    return create_app(Settings(show_image=show_image)).test_client()


@pytest.mark.parametrize(("show_image", "length"), [(False, 502), (True, 698)])
def test_listing_has_the_known_bytes(show_image: bool, length: int) -> None:
    answer = client(show_image).get("/items")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert len(answer.data) == length
    items = json.loads(answer.data)
    assert answer.data == json.dumps(items, indent=2).encode()
    keys = ["id", "color", "department", "name", "price"] + ["imageUrl"] * show_image
    assert [list(item) for item in items] == [keys] * 4
    assert [tuple(item[key] for key in keys[:5]) for item in items] == V1_ITEMS
    if show_image:
        assert {item["imageUrl"] for item in items} == {"http://lorempixel.com/640/480"}


@pytest.mark.parametrize(
    ("environ", "show_image"),
    [
        ({}, False),
        ({"SHOW_IMAGE": ""}, False),
        ({"SHOW_IMAGE": "true"}, True),
        ({"SHOW_IMAGE": "false"}, True),
        ({"SHOW_IMAGE": "0"}, True),
    ],
)
def test_any_non_empty_value_makes_it_v2(environ: dict[str, str], show_image: bool) -> None:
    assert Settings.from_environ(environ) == Settings(show_image=show_image)


def test_without_settings_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOW_IMAGE", "yes")
    assert len(create_app().test_client().get("/items").data) == 698


def test_one_item() -> None:
    answer = client(show_image=True).get("/items/4")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert list(answer.json.items())[-2:] == [
        ("price", "232.00"),
        ("imageUrl", "http://lorempixel.com/640/480"),
    ]


@pytest.mark.parametrize("path", ["5", "0", "01", "-1", "1.0", "1e0", "x", "٣", "9" * 5000])
def test_unknown_ids_are_not_found(path: str) -> None:
    answer = client().get(f"/items/{path}")
    assert (answer.status_code, answer.data) == (404, b"Not Found")
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("show_image", [False, True])
def test_a_new_item_is_created_and_listed(show_image: bool) -> None:
    catalog = client(show_image)
    answer = catalog.post("/items", json=VALID)
    created = {"id": 5, **VALID}
    if show_image:
        created["imageUrl"] = "http://lorempixel.com/640/480"
    assert (answer.status_code, answer.headers["Location"]) == (201, "/items/5")
    assert answer.json == created
    assert catalog.get("/items/5").json == created
    assert catalog.get("/items").json[4:] == [created]
    assert len(client(show_image).get("/items").json) == 4, "another catalog has its own items"


def test_a_new_item_needs_no_content_type() -> None:
    assert client().post("/items", data=json.dumps(VALID)).status_code == 201


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body is not JSON"),
        ("", "the body is not JSON"),
        ("[" * 60_000, "the body is not JSON"),
        ([VALID], "the body must be a JSON object"),
        ({**VALID, "id": 7}, "id must not be sent: the catalog assigns it"),
        ({**VALID, "imageUrl": "x"}, "imageUrl is not a field of an item"),
        ({key: VALID[key] for key in ("color", "department", "price")}, "name must be a text"),
        ({**VALID, "color": None}, "color must be a text"),
        ({**VALID, "department": ""}, "department must be a text of 1 to 200"),
        ({**VALID, "department": "x" * 201}, "department must be a text of 1 to 200"),
        ({**VALID, "name": "a\nb"}, "name must be a text of 1 to 200 printable"),
        ({**VALID, "name": "\ud800"}, "name must be a text of 1 to 200 printable"),
        ({**VALID, "price": 9.99}, "price must be a text"),
        ({**VALID, "price": "cheap"}, 'such as "282.00", not "cheap"'),
        ({**VALID, "price": "-1"}, 'not "-1"'),
        ({**VALID, "price": "٣"}, "price must be a decimal number"),
    ],
)
def test_an_invalid_item_is_refused_with_the_reason(body: Any, reason: str) -> None:
    catalog = client()
    answer = catalog.post("/items", data=body if isinstance(body, str) else json.dumps(body))
    assert (answer.status_code, answer.content_type) == (400, "text/plain; charset=utf-8")
    assert reason in answer.text
    assert len(catalog.get("/items").data) == 502


def test_a_body_beyond_64_kib_is_refused() -> None:
    assert client().post("/items", data=b" " * (64 * 1024 + 1)).status_code == 413


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200).filter(str.isprintable)


@settings(deadline=None)
@given(texts, texts, texts, st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,2})?", fullmatch=True))
def test_every_valid_item_comes_back_as_it_was_sent(
    color: str, department: str, name: str, price: str
) -> None:
    sent = {"color": color, "department": department, "name": name, "price": price}
    catalog = client()
    assert catalog.post("/items", json=sent).json == {"id": 5, **sent}
    assert catalog.get("/items").json[4] == {"id": 5, **sent}


def test_concurrent_posts_get_ids_of_their_own() -> None:
    app = create_app(Settings())
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: app.test_client().post("/items", json=VALID), range(200))
        )
    assert sorted(answer.json["id"] for answer in answers) == list(range(5, 205))
    listed = app.test_client().get("/items").json
    assert [item["id"] for item in listed] == list(range(1, 205))


def test_health_and_refusals_are_plain_text() -> None:
    catalog = client()
    assert catalog.get("/healthz").status_code == 200
    wrong_path = catalog.get("/nowhere")
    assert (wrong_path.status_code, wrong_path.data) == (404, b"Not Found")
    wrong_method = catalog.put("/items")
    assert (wrong_method.status_code, wrong_method.data) == (405, b"Method Not Allowed")
    assert set(wrong_method.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
