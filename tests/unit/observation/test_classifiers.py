"""Labels, from the bodies that the services send and from bodies that nobody should send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model import Answer
from harness.observation import CLASSIFIERS

ITEM: dict[str, Any] = {
    "id": 1,
    "color": "amber",
    "department": "Eyewear",
    "name": "Elinor Glasses",
    "price": "282.00",
}
PICTURED = ITEM | {"imageUrl": "http://lorempixel.com/640/480"}
USER = {"id": 1, "name": "Leanne Graham", "username": "Bret", "email": "a@b.c"}


def answer(body: bytes | str | list[Any] | dict[str, Any], status: int = 200) -> Answer:
    if isinstance(body, list | dict):
        body = json.dumps(body)
    raw = body if isinstance(body, bytes) else body.encode()
    return Answer(status, raw, {}, None, 0.01)


def unanswered(error: str) -> Answer:
    return Answer(None, b"", {}, error, 0.01)


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ([ITEM], "v1"),
        ([ITEM, ITEM | {"id": 2}], "v1"),
        ([PICTURED, PICTURED], "v2"),
        ([ITEM, PICTURED], "mixed-items"),
        ([], "malformed"),
        ({}, "malformed"),
        ([[]], "malformed"),
        ([ITEM, None], "malformed"),
        ("", "malformed"),
        ("<html>", "malformed"),
        (b"\xff\xfe", "malformed"),
        ("[" * 100_000, "malformed"),
        ([ITEM | {"id": "1"}], "malformed"),
        ([ITEM | {"id": True}], "malformed"),
        ([ITEM | {"price": 282.0}], "malformed"),
        ([ITEM | {"surplus": 1}], "malformed"),
        ([{k: v for k, v in ITEM.items() if k != "price"}], "malformed"),
        ([ITEM | {"imageUrl": ""}], "malformed"),
        ([ITEM | {"imageUrl": None}], "malformed"),
        ([PICTURED | {"name": None}], "malformed"),
    ],
)
def test_the_catalog_is_told_by_its_pictures(body: Any, label: str) -> None:
    assert CLASSIFIERS["catalog"](answer(body)) == label


def test_pretty_printed_and_compact_lists_are_the_same() -> None:
    for indent in (None, 2):
        assert CLASSIFIERS["catalog"](answer(json.dumps([PICTURED], indent=indent))) == "v2"


@pytest.mark.parametrize("name", ["catalog", "users"])
@pytest.mark.parametrize(
    ("given_", "label"),
    [
        (answer("", 503), "status 503"),
        (answer("no healthy upstream", 503), "status 503"),
        (answer("", 404), "status 404"),
        (answer([ITEM], 201), "status 201"),
        (answer([USER], 500), "status 500"),
        (answer("error calling Catalog service", 500), "error calling Catalog service"),
        (answer("error calling Users service\n", 500), "error calling Users service"),
        (answer("error calling " + "x" * 500, 500), "status 500"),
        (answer("error calling a\nb", 500), "status 500"),
        (unanswered("refused"), "refused"),
        (unanswered("reset"), "no answer: reset"),
        (unanswered("timed out after 10 s"), "no answer: timed out after 10 s"),
    ],
)
def test_what_is_not_a_200_has_a_label_of_its_own(name: str, given_: Answer, label: str) -> None:
    assert CLASSIFIERS[name](given_) == label


@pytest.mark.parametrize(
    ("given_", "label"),
    [
        (answer([USER]), "users"),
        (answer([USER, USER]), "users"),
        (answer([]), "malformed"),
        (answer([{"id": 1}]), "malformed"),
        (answer([USER, {"id": 2, "name": ""}]), "malformed"),
        (answer([USER | {"id": "1"}]), "malformed"),
        (answer({"users": [USER]}), "malformed"),
        (answer("error calling Forum service", 500), "blocked"),
        (answer("error calling Forum service", 502), "error calling Forum service"),
        (answer("error calling Forum service", 200), "malformed"),
        (answer("", 502), "status 502"),
        (answer("error calling Catalog service", 500), "error calling Catalog service"),
    ],
)
def test_users_and_their_absence(given_: Answer, label: str) -> None:
    assert CLASSIFIERS["users"](given_) == label


@pytest.mark.parametrize(
    ("given_", "label"),
    [
        (unanswered("refused"), "unreachable"),
        (unanswered("reset"), "unreachable"),
        (unanswered("closed without an answer"), "unreachable"),
        (answer("", 404), "unreachable"),
        (answer([ITEM], 200), "answered 200"),
        (answer("", 503), "answered 503"),
        (unanswered("timed out after 10 s"), "no answer: timed out after 10 s"),
        (unanswered("closed in the middle of the answer"), None),
    ],
)
def test_reachability(given_: Answer, label: str | None) -> None:
    assert CLASSIFIERS["reachability"](given_) == (label or f"no answer: {given_.error}")


@settings(deadline=None)
@given(
    name=st.sampled_from(sorted(CLASSIFIERS)),
    status=st.none() | st.integers(200, 599),
    body=st.binary(max_size=80)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "name", "imageUrl"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_every_answer_has_a_label_but_not_a_flattering_one(
    name: str, status: int | None, body: bytes
) -> None:
    label = CLASSIFIERS[name](Answer(status, body, {}, None if status else "reset", 0.0))
    assert label
    assert label.isprintable()
    if status != 200:
        assert label not in {"v1", "v2", "users"}
    if name == "catalog" and b"price" not in body:
        assert label not in {"v1", "v2", "mixed-items"}
