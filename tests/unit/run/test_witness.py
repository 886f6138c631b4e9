"""The second witness: what is entered into steps once the access logs have been heard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.chapter.parts import CATALOG, CATALOG_V1, GATEWAY
from harness.errors import HarnessError, StepFailed
from harness.model import Account, CheckResult, StepResult, StepStatus, Witness
from harness.run import witness
from harness.run.witness import hear, starts

V1 = Witness(CATALOG_V1, "/items", frozenset(("v1",)), status=200)
NOBODY = Witness(CATALOG, "/items", frozenset())
IDS = [f"0000000{number}-0000-4000-8000-000000000000" for number in range(4)]
EARLIER = "[info] envoy starts\n" * 12


def line(request_id: str, sender: str, status: int = 200) -> str:
    return (
        f'[2026-11-24T12:00:01Z] "GET /items HTTP/1.1" {status} - via_upstream - "-" 0 502 1 1 '
        f'"192.0.2.2" "{sender}" "{request_id}" "catalog" "127.0.0.1:3000" inbound|3000||\n'
    )


class Api:
    """A gateway and a catalog whose proxies have logged the requests with these ids."""

    def __init__(self, entered: list[str], v1: list[str], why_not: str = "") -> None:
        self.why_not = why_not
        self.logs = {
            "gateway": EARLIER + "".join(line(each, "h/1") for each in entered),
            "catalog": EARLIER + "".join(line(each, "python-requests") for each in v1),
        }
        self.container = "containerd://1"
        self.gone: set[str] = set()
        self.failures: list[HarnessError] = []
        self.late: list[str] = []

    def why_no_access_log(self) -> str:
        return self.why_not

    def pods(self, namespace: str, labels: dict[str, str]) -> list[dict[str, Any]]:
        name = "gateway" if labels == GATEWAY.labels else "catalog"
        if name in self.gone:
            return []
        status = {"name": "istio-proxy", "containerID": self.container}
        return [{"metadata": {"name": name}, "status": {"containerStatuses": [status]}}]

    def log(self, namespace: str, pod: str, container: str, first_bytes: int | None = None) -> str:
        assert container == "istio-proxy"
        if self.failures:
            raise self.failures.pop(0)
        text = self.logs[pod][:first_bytes]
        if pod == "catalog" and self.late:
            self.logs["catalog"] += self.late.pop(0)
        return text


def step(
    api: Api, status: StepStatus = StepStatus.PASSED, *wanted: tuple[Witness, int]
) -> StepResult:
    answered = len(IDS)
    account = Account("h/1", answered, wanted or ((V1, answered),), starts(api, [CATALOG_V1]))
    check = CheckResult(
        "GET /items", "only v1", answered, {"v1": answered}, status is StepStatus.PASSED, 0.0, 0.0,
        "4 of 4", account=account,
    )  # fmt: skip
    return StepResult("all-v1", "title", status, 1.0, None, (check,), "")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look is enough, where the logs of a test never change."""
    monkeypatch.setattr(witness, "ACCESS_LOGGED", 0.0)
    monkeypatch.setattr(witness, "LOG_INTERVAL", 0.0)


def test_logs_that_agree_are_quoted_and_change_no_verdict() -> None:
    api = Api(IDS, IDS)
    hearing = hear(api, [step(api)])
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness.startswith("logged: ingress gateway 4, sidecar")
    assert hearing.told == "they account for each of 4 answered requests"


def test_a_check_that_the_logs_contradict_has_not_passed_and_neither_has_its_step() -> None:
    api = Api(IDS, IDS[:3])
    hearing = hear(api, [step(api)])
    assert hearing.steps[0].status is StepStatus.FAILED
    assert not hearing.steps[0].checks[0].passed
    said = "logged 3 requests for /items, and the answers say 4"
    assert said in hearing.steps[0].diagnosis
    assert "kubectl -n istio-system logs -l istio=ingressgateway" in hearing.steps[0].diagnosis
    assert len(hearing.contradictions) == 1
    assert hearing.told == "they contradict 1 of 1 checks"


def test_a_line_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "ACCESS_LOGGED", 60.0)
    api = Api(IDS, IDS[:3])
    asked = step(api)
    api.late = [line(IDS[3], "python-requests")]
    assert hear(api, [asked]).told.startswith("they account for")


def test_a_try_that_failed_is_no_answer() -> None:
    api = Api(IDS, IDS)
    api.logs["catalog"] += line(IDS[0], "python-requests", 503)
    three = step(api, StepStatus.PASSED, (V1, 4))
    assert not hear(api, [three]).contradictions
    api.logs["catalog"] = EARLIER + "".join(line(each, "x", 503) for each in IDS)
    assert hear(api, [three]).contradictions


@pytest.mark.parametrize("gap", ["restarted", "gone", "rotated"])
def test_logs_that_are_not_whole_contradict_nothing_and_prove_nothing(gap: str) -> None:
    api = Api(IDS, IDS[:3])
    asked = step(api)
    if gap == "restarted":
        api.container = "containerd://2"
    elif gap == "gone":
        api.gone = {"catalog"}
    else:
        api.logs["catalog"] = api.logs["catalog"].removeprefix(EARLIER)
    hearing = hear(api, [asked])
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness.startswith("not heard: ")
    assert gap in hearing.steps[0].checks[0].witness
    assert hearing.told.startswith("1 of 1 checks not heard: ")


def test_a_rotated_log_does_not_prove_that_nothing_was_logged() -> None:
    api = Api(IDS, [])
    asked = step(api, StepStatus.PASSED, (NOBODY, 0))
    account = asked.checks[0].account
    assert account
    known = replace(account, starts={**account.starts, **starts(api, [CATALOG])})
    asked = replace(asked, checks=(replace(asked.checks[0], account=known),))
    assert hear(api, [asked]).steps[0].checks[0].witness.startswith("logged: ")
    api.logs["catalog"] = ""
    heard = hear(api, [asked]).steps[0].checks[0]
    assert heard.passed
    assert heard.witness == "not heard: the log of catalog has been rotated"


def test_logs_whose_beginning_is_not_known_are_not_heard() -> None:
    api = Api(IDS, IDS[:3])
    api.failures = [StepFailed("GET pods: no answer")]
    hearing = hear(api, [step(api)])
    assert not hearing.contradictions
    assert "where the log of the ingress gateway began is not known" in hearing.told


def test_a_mesh_without_access_logs_is_not_claimed_to_have_agreed() -> None:
    api = Api(IDS, IDS, why_not="meshConfig.accessLogFile is empty")
    hearing = hear(api, [step(api)])
    assert hearing.unheard == "meshConfig.accessLogFile is empty"
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness == f"not heard: {hearing.unheard}"


def test_a_step_that_failed_is_not_asked_about() -> None:
    api = Api(IDS, IDS[:3])
    hearing = hear(api, [step(api, StepStatus.FAILED)])
    assert hearing.unheard
    assert hearing.steps[0].checks[0].witness == ""


def test_what_cannot_be_read_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(IDS, IDS)
    asked = step(api)
    api.failures = [StepFailed("GET log: no answer", "look")]
    hearing = hear(api, [asked])
    assert hearing.unheard == "they could not be read: GET log: no answer"
    assert hearing.steps[0].checks[0].witness == f"not heard: {hearing.unheard}"

    def broken() -> str:
        raise StepFailed("the ConfigMap is no YAML", "repair it")

    monkeypatch.setattr(api, "why_no_access_log", broken)
    assert "the ConfigMap is no YAML" in hear(api, [asked]).unheard


def test_a_last_look_that_fails_contradicts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(IDS, IDS[:3])
    asked = step(api)
    looks = iter([True, False])

    def twice(what: str, look: Any, seconds: float, interval: float) -> None:
        for good in looks:
            if not good:
                api.failures = [StepFailed("GET log: no answer")]
            with pytest.raises(witness.Pending) as pending:
                look()
        raise witness.WaitTimeout(what, seconds, str(pending.value))

    monkeypatch.setattr(witness, "wait_until", twice)
    hearing = hear(api, [asked])
    assert hearing.steps[0].status is StepStatus.PASSED
    assert "they could not be read: GET log: no answer" in hearing.told
