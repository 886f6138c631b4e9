"""What access logs bear out of a sample, and what they contradict."""

from __future__ import annotations

import pytest

from harness.model import Account, CheckResult, ProxySelector, Witness
from harness.verdict import Heard, bear_out

V1 = Witness(
    ProxySelector("sidecar of v1", "shop", {"version": "v1"}), "/items", frozenset(("v1",))
)
V2 = Witness(
    ProxySelector("sidecar of v2", "shop", {"version": "v2"}), "/items", frozenset(("v2",))
)
IDS = [f"id-{number}" for number in range(10)]


def result(n: int = 10) -> CheckResult:
    return CheckResult("GET /items", "a split", n, {"v1": 7, "v2": 3}, True, 0.0, 0.0, "")


def account(answered: int = 10) -> Account:
    return Account("h/1", answered, ((V1, 7), (V2, 3)), {})


def heard(v1: list[str], v2: list[str], entered: list[str] = IDS) -> Heard:
    return Heard(set(entered), {"sidecar of v1": set(v1), "sidecar of v2": set(v2)})


def test_logs_that_hold_every_request_bear_the_counts_out() -> None:
    found = bear_out(result(), account(), heard(IDS[:7], IDS[7:]))
    assert not found.contradictions
    assert found.said == "logged: ingress gateway 10, sidecar of v1 7, sidecar of v2 3"


def test_requests_of_other_checks_do_not_count() -> None:
    others = ["other-1", "other-2"]
    assert not bear_out(result(), account(), heard([*IDS[:7], *others], IDS[7:])).contradictions


@pytest.mark.parametrize(
    ("v1", "v2", "said"),
    [
        (IDS[:6], IDS[7:], "the sidecar of v1 logged 6 requests for /items, and the answers say 7"),
        (IDS[:7], IDS[8:], "the sidecar of v2 logged 2 requests for /items, and the answers say 3"),
        (IDS, IDS[7:], "the sidecar of v1 logged 10 requests for /items, and the answers say 7"),
    ],
)
def test_a_witness_with_another_number_contradicts(v1: list[str], v2: list[str], said: str) -> None:
    assert bear_out(result(), account(), heard(v1, v2)).contradictions == (said,)


def test_pods_that_answered_as_each_other_are_found_out() -> None:
    assert len(bear_out(result(), account(), heard(IDS[7:], IDS[:7])).contradictions) == 2


def test_an_answer_that_never_passed_the_gateway_contradicts() -> None:
    found = bear_out(result(), account(), heard(IDS[:7], IDS[7:9], IDS[:9]))
    assert found.contradictions[0] == (
        "the ingress gateway logged 9 of 10 requests, 10 of which were answered"
    )


def test_an_unanswered_request_may_or_may_not_have_been_logged() -> None:
    lost = account(answered=9)
    assert not bear_out(result(), lost, heard(IDS[:7], IDS[7:], IDS)).contradictions
    v2_answered_two = Account("h/1", 9, ((V1, 7), (V2, 2)), {})
    assert not bear_out(result(), v2_answered_two, heard(IDS[:7], IDS[7:9], IDS[:9])).contradictions


def test_more_requests_than_were_sent_contradict() -> None:
    found = bear_out(result(), account(), heard(IDS[:7], IDS[7:], [*IDS, "one-more"]))
    assert "logged 11 of 10" in found.contradictions[0]
