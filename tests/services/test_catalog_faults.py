"""Faults switched on by hand: which requests they strike, and what those clients get."""

from __future__ import annotations

import http.client
import itertools
import json
from typing import Any

import pytest
from catalog import Settings, create_app
from catalog.faults import Effect, FaultRule, Faults, FaultType
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_gunicorn import serve

RULE = {
    "type": "500",
    "active": True,
    "percentage": 100,
    "latencyMs": 1000,
    "volatile": False,
}


def client(faults: Faults | None = None) -> FlaskClient:
    return create_app(Settings(), faults).test_client()


def evenly(n: int) -> Faults:
    """Faults whose draws go through 0/n, 1/n … (n-1)/n again and again."""
    return Faults(itertools.cycle(i / n for i in range(n)).__next__)


@settings(deadline=None)
@given(st.integers(0, 100))
def test_a_percentage_is_met_exactly(percentage: int) -> None:
    faults = evenly(100)
    faults.set(FaultRule(FaultType.ERROR, percentage=percentage))
    struck = sum(faults.strike().end is not None for _ in range(100))
    assert struck == percentage


def test_an_inactive_rule_never_strikes() -> None:
    faults = evenly(1)
    faults.set(FaultRule(FaultType.DROP, active=False))
    assert faults.strike() == Effect()


def test_latency_in_milliseconds_becomes_a_delay_in_seconds() -> None:
    faults = evenly(1)
    faults.set(FaultRule(FaultType.LATENCY, latency_ms=1500))
    assert faults.strike() == Effect(delay=1.5)


def test_volatile_latency_is_drawn_from_the_whole_range() -> None:
    faults = Faults(iter([0.9, 0.0, 0.9, 0.5, 0.9, 0.75]).__next__)
    faults.set(FaultRule(FaultType.LATENCY, latency_ms=1000, volatile=True))
    assert [faults.strike().delay for _ in range(3)] == [0.0, 0.5, 0.75]


def test_latency_adds_to_an_end_and_drop_comes_before_500() -> None:
    faults = evenly(1)
    for fault_type in (FaultType.ERROR, FaultType.DROP, FaultType.LATENCY):
        faults.set(FaultRule(fault_type))
    assert faults.strike() == Effect(delay=1.0, end=FaultType.DROP)
    assert faults.remove(FaultType.DROP)
    assert faults.strike() == Effect(delay=1.0, end=FaultType.ERROR)


def test_rules_are_set_replaced_listed_and_removed() -> None:
    catalog = client()
    assert catalog.get("/blowup").json == []
    assert catalog.post("/blowup", json={"type": "500"}).json == [RULE]
    changed = {**RULE, "percentage": 12.5, "active": False}
    assert catalog.post("/blowup", json=changed).json == [changed]
    latency = {**RULE, "type": "latency", "latencyMs": 20, "volatile": True}
    catalog.post("/blowup", json=latency)
    assert catalog.get("/blowup").json == [latency, changed]
    assert catalog.delete("/blowup", json={"type": "latency"}).json == [changed]
    missing = catalog.delete("/blowup", json={"type": "latency"})
    assert (missing.status_code, missing.text) == (404, "no rule of type latency is set")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "the body must be a JSON object"),
        ({}, "type must be one of latency, drop, 500, not None"),
        ({"type": 500}, "type must be one of latency, drop, 500, not 500"),
        ({"type": "500", "percent": 5}, "percent is not a field of a fault"),
        ({"type": "500", "percentage": 101}, "percentage must be a number from 0 to 100, not 101"),
        ({"type": "500", "percentage": -1}, "percentage must be a number"),
        ({"type": "500", "percentage": "50"}, "percentage must be a number"),
        ({"type": "500", "percentage": True}, "percentage must be a number"),
        ({"type": "500", "percentage": float("nan")}, "percentage must be a number"),
        ({"type": "latency", "latencyMs": 600_001}, "latencyMs must be a number from 0 to 600000"),
        ({"type": "500", "active": "yes"}, "active must be true or false, not 'yes'"),
        ({"type": "500", "volatile": 1}, "volatile must be true or false"),
    ],
)
def test_an_invalid_rule_is_refused_with_the_reason(body: Any, reason: str) -> None:
    catalog = client()
    answer = catalog.post("/blowup", data=json.dumps(body))
    assert (answer.status_code, answer.content_type) == (400, "text/plain; charset=utf-8")
    assert reason in answer.text
    assert catalog.get("/blowup").json == []


def test_500_is_empty_and_strikes_all_of_items_but_nothing_else() -> None:
    catalog = client()
    catalog.post("/blowup", json={"type": "500"})
    for answer in (
        catalog.get("/items"),
        catalog.get("/items/1"),
        catalog.get("/items/99"),
        catalog.post("/items", json={}),
    ):
        assert (answer.status_code, answer.data) == (500, b"")
    assert catalog.get("/healthz").status_code == 200
    catalog.delete("/blowup", json={"type": "500"})
    assert catalog.get("/items").status_code == 200


def test_latency_holds_the_request_up_and_then_answers_it() -> None:
    pauses: list[float] = []
    catalog = create_app(Settings(), pause=pauses.append).test_client()
    catalog.post("/blowup", json={"type": "latency", "latencyMs": 250})
    assert catalog.get("/items").status_code == 200
    assert pauses == [0.25]


def test_drop_closes_the_connection_without_an_answer_and_the_process_lives_on() -> None:
    with serve("catalog") as catalog:
        rule = json.dumps({"type": "drop"})
        assert catalog.request("/blowup", "POST", rule).status == 200
        for _ in range(3):
            with pytest.raises(http.client.RemoteDisconnected):
                catalog.request("/items")
        assert catalog.request("/healthz").status == 200
        assert catalog.request("/blowup", "DELETE", rule).status == 200
        assert len(catalog.request("/items").body) == 502


def test_drop_without_a_connection_to_close_says_so() -> None:
    catalog = client()
    catalog.post("/blowup", json={"type": "drop"})
    answer = catalog.get("/items")
    assert answer.status_code == 500
    assert "needs gunicorn" in answer.text
