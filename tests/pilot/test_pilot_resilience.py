"""Time-outs, retries and faults: what admission refuses, and what Envoy is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pilot_world import sidecar, translated

from harness.convergence import policy
from harness.local.pilot.admission.rules import resilience
from harness.local.pilot.durations import milliseconds

NAME = "outbound|80||catalog.istioinaction.svc.cluster.local"


def rule(**settings: Any) -> str:
    http = {**settings, "route": [{"destination": {"host": "catalog"}}]}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "catalog"},
            "spec": {"hosts": ["catalog"], "http": [http]},
        }
    )


def route(**settings: Any) -> dict[str, Any]:
    """The route to catalog in webapp's sidecar, as Envoy's configuration dump prints it."""
    resources = translated(sidecar(app="webapp"), rule(**settings))
    for resource in resources.routes.values():
        message: Any = resource.message
        for host in message.virtual_hosts:
            if host.name.startswith("catalog.istioinaction"):
                return MessageToDict(host.routes[0], preserving_proto_field_name=True)
    raise AssertionError("there is no route to catalog")


def test_defaults_are_istio_s() -> None:
    action = route()["route"]
    assert action["timeout"] == "0s"
    assert action["retry_policy"]["num_retries"] == 2
    assert "typed_per_filter_config" not in route()


def test_a_timeout() -> None:
    assert route(timeout="1500ms")["route"]["timeout"] == "1.500s"


def test_retries_with_status_codes() -> None:
    wanted = {"attempts": 3, "perTryTimeout": "2s", "retryOn": "gateway-error,409"}
    found = route(retries=wanted)["route"]["retry_policy"]
    assert found["num_retries"] == 3
    assert found["per_try_timeout"] == "2s"
    assert found["retry_on"] == "gateway-error,retriable-status-codes"
    assert found["retriable_status_codes"] == [409]
    assert found["retry_host_predicate"], "as with the default, another host is tried"


def test_no_attempts_is_no_policy() -> None:
    assert "retry_policy" not in route(retries={"attempts": 0})["route"]


def test_faults() -> None:
    fault = {
        "delay": {"fixedDelay": "2s", "percentage": {"value": 0.1}},
        "abort": {"httpStatus": 503, "percentage": {"value": 25}},
    }
    found = route(fault=fault)["typed_per_filter_config"]["envoy.filters.http.fault"]
    assert found["delay"] == {
        "fixed_delay": "2s", "percentage": {"numerator": 1000, "denominator": "MILLION"}
    }  # fmt: skip
    assert found["abort"] == {
        "http_status": 503, "percentage": {"numerator": 250_000, "denominator": "MILLION"}
    }  # fmt: skip


def test_a_fault_without_a_percentage_hits_nobody() -> None:
    found = route(fault={"abort": {"httpStatus": 500}})["typed_per_filter_config"]
    assert found["envoy.filters.http.fault"]["abort"]["percentage"] == {"denominator": "MILLION"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1.5s", 1500), ("250ms", 250), ("1h5m", 3_900_000), ("1m30s", 90_000), ("10us", 0.01)],
)
def test_durations(text: str, wanted: float) -> None:
    assert milliseconds(text) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["", "5", "s", "1 s", "1.5.2s", "-1s", "1d", "1s;"])
def test_what_is_no_duration(text: str) -> None:
    assert milliseconds(text) is None


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"timeout": "soon"}, "timeout", "no duration"),
        ({"timeout": "0s"}, "timeout", "greater than 1ms"),
        ({"retries": {"attempts": -1}}, "retries.attempts", "cannot be negative"),
        ({"retries": {"attempts": 0, "retryOn": "5xx"}}, "retries.attempts", "(disabled)"),
        ({"retries": {"attempts": 1, "retryOn": "5xy"}}, "retries.retryOn", '"5xy" is not a valid'),
        ({"retries": {"attempts": 1, "retryOn": "999"}}, "retries.retryOn", '"999" is not a valid'),
        ({"retries": {"attempts": 1, "perTryTimeout": "x"}}, "retries.perTryTimeout", "duration"),
        ({"fault": {}}, "fault", "an abort and/or a delay"),
        ({"fault": {"abort": {"httpStatus": 99}}}, "fault.abort.httpStatus", "200-599"),
        ({"fault": {"abort": {"percentage": {"value": 5}}}}, "fault.abort.httpStatus", "not set"),
        ({"fault": {"delay": {"percentage": {"value": 5}}}}, "fault.delay.fixedDelay", "length"),
        (
            {"fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 101}}}},
            "fault.delay.percentage.value", "max value of 100",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(settings: dict[str, Any], field: str, words: str) -> None:
    (problem,) = resilience.problems("spec.http[0]", settings)
    assert problem.field == f"spec.http[0].{field}"
    assert words in problem.message


RULES: list[dict[str, Any]] = [
    {},
    {"timeout": "500ms"},
    {"timeout": "1m"},
    {"retries": {"attempts": 0}},
    {"retries": {"attempts": 3}},
    {"retries": {"attempts": 2, "perTryTimeout": "250ms"}},
    {"retries": {"attempts": 9, "retryOn": "5xx"}},
    {"retries": {"attempts": 2, "retryOn": "reset,503"}},
    {"fault": {"abort": {"httpStatus": 500, "percentage": {"value": 10}}}},
    {"fault": {"delay": {"fixedDelay": "2s", "percentage": {"value": 0.5}}}},
    {"timeout": "1s", "fault": {"abort": {"httpStatus": 500, "percentage": {"value": 10}}}},
]


@pytest.mark.parametrize("settings", RULES, ids=str)
def test_what_is_proven_live_is_what_was_asked_for(settings: dict[str, Any]) -> None:
    """The convergence proof reads the same words from the object and from Envoy's route."""
    assert policy.of_rule(settings) == policy.of_route(route(**settings))


def test_every_difference_would_be_seen() -> None:
    words = [policy.of_rule(settings) for settings in RULES]
    assert len(set(words)) == len(RULES)
    assert words[0] == ""
