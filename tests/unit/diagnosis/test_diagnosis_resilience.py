"""Faults, time-outs and retries: from the two rules on the way to the sentence about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.chapter import parts, resilience
from harness.diagnosis import Evidence, explain_check
from harness.diagnosis.policies import retries_of
from harness.model import Shares, TrafficCheck
from tests.unit.diagnosis.diagnosis_evidence import endpoints, result, shop

ERROR, TIMED_OUT = resilience.ERROR, resilience.TIMED_OUT
WELL = parts.catalog(parts.SHOP_CATALOG, parts.only("v1"))
TO_V1 = {"route": [{"destination": {"host": "catalog", "subset": "version-v1"}}]}
TO_WEBAPP = {"route": [{"destination": {"host": "webapp", "port": {"number": 80}}}]}
GATEWAY, CALL = "VirtualService webapp-virtualservice", "VirtualService catalog"


def mostly(label: str) -> TrafficCheck:
    return parts.catalog(parts.SHOP_CATALOG, Shares({"v1": 0.9, label: 0.1}))


def abort(percent: float = 10, status: int = 500) -> dict[str, Any]:
    return {"fault": {"abort": {"httpStatus": status, "percentage": {"value": percent}}}}


def delay(percent: float = 10, length: str = "2s") -> dict[str, Any]:
    return {"fault": {"delay": {"fixedDelay": length, "percentage": {"value": percent}}}}


def retries(attempts: int, on: str = "", each: str = "") -> dict[str, Any]:
    words = {"retryOn": on} if on else {}
    return {"retries": {"attempts": attempts, **words, **({"perTryTimeout": each} if each else {})}}


def rules(call: Mapping[str, Any], gateway: Mapping[str, Any], **changes: Any) -> Evidence:
    """The shop with these settings in catalog's rule and in the gateway's."""
    evidence = shop("catalog-dest-rule", "catalog-vs-v1-mesh", **changes)
    for rule in evidence.virtual_services:
        is_call = rule["metadata"]["name"] == "catalog"
        rule["spec"]["http"] = [{**call, **TO_V1} if is_call else {**gateway, **TO_WEBAPP}]
    return evidence


def why(evidence: Evidence, check: TrafficCheck, counts: Mapping[str, int]) -> str:
    return "\n".join(map(str, explain_check(evidence, check, result(**counts))))


@pytest.mark.parametrize(
    ("call", "gateway", "check"),
    [
        ({}, {}, WELL),
        (abort(), {}, mostly(ERROR)),
        (abort(), retries(9, "5xx"), WELL),
        (abort(), retries(9, "500"), WELL),
        (delay(), {"timeout": "500ms"}, mostly(TIMED_OUT)),
        (delay(), retries(9, "gateway-error", "500ms"), WELL),
    ],
)
def test_what_is_as_it_should_be_is_not_blamed(
    call: dict[str, Any], gateway: dict[str, Any], check: TrafficCheck
) -> None:
    assert why(rules(call, gateway), check, {"v1": 450, "malformed": 50}) == ""


def test_the_sentence_names_both_rules_and_the_commands_that_show_them() -> None:
    told = why(rules(abort(), retries(0)), WELL, {"v1": 450, ERROR: 50})
    assert told == (
        f"{GATEWAY} switches retries off (attempts: 0), which leaves the caller's answer 500 as it "
        f"is: clients see the fault of {CALL}, which answers 500 to 10% of the calls\n"
        "  see: kubectl -n istioinaction get virtualservice webapp-virtualservice -o yaml; "
        "kubectl -n istioinaction get virtualservice catalog -o yaml"
    )


@pytest.mark.parametrize(
    ("call", "gateway", "said"),
    [
        (abort(50), {}, f"{CALL} answers 500 to 50% of the calls; wanted '{ERROR}' for 10%"),
        (delay(), {}, f"{CALL} delays 10% of the calls by 2s; wanted '{ERROR}' for 10%"),
        ({}, {}, f"{CALL} injects no fault into calls to host catalog.istioinaction.svc"),
        ({"fault": {"abort": {"httpStatus": 500}}}, {}, "500 to 0% (it has no percentage) of"),
        ({}, abort(), f"{GATEWAY} itself answers 500 to 10% of the calls, at the gateway"),
        (abort(), retries(2, "5xx"), f"{GATEWAY} retries on 5xx, so clients do not see the fault"),
    ],
)
def test_errors_that_are_wanted(call: dict[str, Any], gateway: dict[str, Any], said: str) -> None:
    assert said in why(rules(call, gateway), mostly(ERROR), {"v1": 500})


def test_a_fault_for_other_requests_says_what_it_asks_for() -> None:
    evidence = rules({}, {})
    (rule,) = [one for one in evidence.virtual_services if one["metadata"]["name"] == "catalog"]
    match = [{"headers": {"x-istio-cohort": {"exact": "internal"}}}]
    rule["spec"]["http"].insert(0, {"match": match, **abort(), **TO_V1})
    told = why(evidence, mostly(ERROR), {"v1": 500})
    assert "its rule 1 does, but it asks for header x-istio-cohort exact 'internal'" in told


def test_a_fault_without_any_rule_in_the_mesh() -> None:
    one_version = (endpoints("catalog", "catalog-1"), endpoints("webapp", "webapp-1"))
    told = why(shop(slices=one_version), mostly(ERROR), {"v1": 500})
    assert "is bound to mesh, so no call to it meets a fault" in told


@pytest.mark.parametrize(
    ("call", "gateway", "said"),
    [
        ({}, {}, f"{GATEWAY} sets no retries, and Istio's own are for calls that reached nobody"),
        ({}, retries(9), f"{GATEWAY} retries on connect-failure,refused-stream,"),
        ({}, retries(9, "gateway-error"), f"{GATEWAY} retries on gateway-error, which leaves"),
        ({}, retries(9, "501,reset"), f"{GATEWAY} retries on 501,reset, which leaves"),
        (
            {},
            retries(1, "5xx"),
            f"attempts: 1 of {GATEWAY} is too few: {CALL} answers 500 to 10%",
        ),
        (retries(9, "5xx"), {}, f"the retries of {CALL} are no remedy for its own fault"),
    ],
)
def test_errors_that_are_not_wanted(
    call: dict[str, Any], gateway: dict[str, Any], said: str
) -> None:
    assert said in why(rules({**abort(), **call}, gateway), WELL, {"v1": 450, ERROR: 50})


@pytest.mark.parametrize(
    ("call", "gateway", "said"),
    [
        (delay(), {}, f"{GATEWAY} sets no timeout, so clients wait for the 2s by which {CALL}"),
        (delay(), {"timeout": "1m"}, f"timeout 1m of {GATEWAY} is longer than the 2s by which"),
        (delay(length="0.1s"), {"timeout": "500ms"}, "timeout 500ms of VirtualService webapp-virt"),
        ({**delay(), "timeout": "1s"}, {}, f"the timeout of {CALL} is no remedy for its own fault"),
        (delay(30), {"timeout": "500ms"}, f"{CALL} delays 30% of the calls by 2s; wanted"),
        (abort(), {"timeout": "500ms"}, f"{CALL} answers 500 to 10% of the calls; wanted"),
        (
            {},
            {**delay(), "timeout": "500ms"},
            f"{GATEWAY} itself delays 10% of the calls by 2s, at",
        ),
    ],
)
def test_time_outs_that_are_wanted(
    call: dict[str, Any], gateway: dict[str, Any], said: str
) -> None:
    assert said in why(rules(call, gateway), mostly(TIMED_OUT), {"v1": 500})


@pytest.mark.parametrize(
    ("gateway", "seen", "said"),
    [
        (retries(9, "connect-failure", "500ms"), 50, "which is no word for an attempt that perTry"),
        (
            {"timeout": "500ms"},
            50,
            "timeout 500ms of VirtualService webapp-virtualservice ends the",
        ),
        (
            {"timeout": "1100ms", **retries(9, "5xx", "500ms")},
            5,
            "leaves time for 2 of 10 attempts",
        ),
        (retries(1, "5xx", "500ms"), 5, "so 2 attempts all meet it in 1.0% of the requests"),
        (
            retries(1, "5xx", "1ms"),
            400,
            "perTryTimeout 1ms of VirtualService webapp-virtualservice",
        ),
        (
            {"timeout": "1ms", **retries(9, "5xx", "0s")},
            400,
            "leaves time for 0 of 10 attempts",
        ),
    ],
)
def test_time_outs_that_are_not_wanted(gateway: dict[str, Any], seen: int, said: str) -> None:
    counts = {"v1": 500 - seen, TIMED_OUT: seen}
    assert said in why(rules(delay(), gateway), WELL, counts)


def test_a_time_out_that_leaves_no_answer_any_time_is_blamed_and_not_the_longer_one() -> None:
    gateway = {"timeout": "1ms", **retries(9, "5xx", "500ms")}
    told = why(rules({}, gateway), WELL, {"v1": 100, TIMED_OUT: 400})
    assert told.startswith(f"timeout 1ms of {GATEWAY} ends the whole request")
    assert "perTryTimeout 500ms" not in told


def test_the_mesh_s_own_retries_hold_where_a_rule_sets_none() -> None:
    more = {"attempts": 9, "retryOn": "5xx"}
    hidden = why(rules(abort(), {}, default_retries=more), mostly(ERROR), {"v1": 500})
    assert f"{GATEWAY} sets no retries, and the mesh's defaultHttpRetryPolicy retries on" in hidden
    off = why(rules(abort(), {}, default_retries={"attempts": 0}), WELL, {"v1": 450, ERROR: 50})
    assert "the mesh's defaultHttpRetryPolicy switches retries off (attempts: 0), which" in off
    assert why(rules(abort(), {}, default_retries=more), WELL, {"v1": 500}) == ""


def test_attempts_that_pile_up_behind_a_caller_are_told_before_its_readiness() -> None:
    slices = (
        endpoints("catalog", "catalog-1"),
        endpoints("webapp", "webapp-1", ready=False),
    )
    evidence = rules(delay(), retries(9, "5xx", "1ms"), slices=slices)
    told = why(evidence, WELL, {TIMED_OUT: 294, "status 503": 206}).splitlines()
    assert told[0].startswith(f"perTryTimeout 1ms of {GATEWAY} is shorter than an answer takes")
    assert told[2].startswith("Service webapp has no ready endpoint")
    assert why(evidence, WELL, {"status 503": 500}).startswith("Service webapp has no ready")


@pytest.mark.parametrize(
    ("words", "covered"),
    [
        ("5xx", {500, 503, 504}),
        ("gateway-error", {503, 504}),
        ("retriable-status-codes,500", {500}),
        ("connect-failure,reset", set()),
    ],
)
def test_classes_of_retries(words: str, covered: set[int]) -> None:
    asked = retries_of(retries(2, words))
    assert {status for status in (404, 500, 503, 504) if asked.covers(status)} == covered
    assert not retries_of(retries(0)).covers(500)


def test_what_a_time_out_ends_is_retried_as_a_reset() -> None:
    cut_off = {
        word
        for word in ("5xx", "gateway-error", "reset", "connect-failure", "retriable-status-codes")
        if retries_of(retries(1, word)).covers_cut_off
    }
    assert cut_off == {"5xx", "gateway-error", "reset"}
    assert not retries_of({}).covers_cut_off
