"""The second witness: what is entered into steps once the access logs have been heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.chapter.parts import CATALOG_V1, GATEWAY
from harness.errors import StepFailed
from harness.model import Account, CheckResult, StepResult, StepStatus, Witness
from harness.run import witness
from harness.run.witness import hear

SENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
V1 = Witness(CATALOG_V1, "/items", frozenset(("v1",)))
IDS = [f"0000000{number}-0000-0000-0000-000000000000" for number in range(4)]


def line(request_id: str, sender: str) -> str:
    return (
        f'[2026-11-24T12:00:01Z] "GET /items HTTP/1.1" 200 - via_upstream - "-" 0 502 1 1 '
        f'"192.0.2.2" "{sender}" "{request_id}" "catalog" "127.0.0.1:3000" inbound|3000||\n'
    )


class Api:
    """A gateway and a catalog whose proxies have logged the requests with these ids."""

    def __init__(self, entered: list[str], v1: list[str], access_log: str = "/dev/stdout") -> None:
        self.access_log = access_log
        self.logs = {
            "gateway": "".join(line(each, "h/1") for each in entered),
            "catalog": "".join(line(each, "python-requests") for each in v1),
        }
        self.restarts = 0
        self.created = SENT - timedelta(minutes=1)

    def access_log_file(self) -> str:
        return self.access_log

    def pods(self, namespace: str, labels: dict[str, str]) -> list[dict[str, Any]]:
        name = "gateway" if labels == GATEWAY.labels else "catalog"
        status = {"name": "istio-proxy", "restartCount": self.restarts}
        return [
            {
                "metadata": {"name": name, "creationTimestamp": self.created.isoformat()},
                "status": {"containerStatuses": [status]},
            }
        ]

    def log(self, namespace: str, pod: str, container: str) -> str:
        assert container == "istio-proxy"
        return self.logs[pod]


def step(status: StepStatus = StepStatus.PASSED, account: bool = True) -> StepResult:
    said = Account("h/1", SENT.timestamp(), len(IDS), ((V1, len(IDS)),)) if account else None
    check = CheckResult(
        "GET /items", "only v1", len(IDS), {"v1": len(IDS)}, status is StepStatus.PASSED, 0.0, 0.0,
        "4 of 4", account=said,
    )  # fmt: skip
    return StepResult("all-v1", "title", status, 1.0, None, (check,), "")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The logs of these tests never change: one look is enough."""
    monkeypatch.setattr(witness, "ACCESS_LOGGED", 0.0)
    monkeypatch.setattr(witness, "LOG_INTERVAL", 0.0)


def test_logs_that_agree_are_quoted_and_change_no_verdict() -> None:
    hearing = hear(Api(IDS, IDS), [step()])
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness.startswith("logged: ingress gateway 4, sidecar")
    assert hearing.told == "they account for each of the 4 requests"


def test_a_check_that_the_logs_contradict_has_not_passed_and_neither_has_its_step() -> None:
    hearing = hear(Api(IDS, IDS[:3]), [step()])
    assert hearing.steps[0].status is StepStatus.FAILED
    assert not hearing.steps[0].checks[0].passed
    assert "logged 3 requests for /items, and the answers say 4" in hearing.steps[0].diagnosis
    assert len(hearing.contradictions) == 1
    assert "1 of the checks" in hearing.told


@pytest.mark.parametrize("gap", ["restarted", "younger", "too long"])
def test_logs_that_cannot_be_whole_contradict_nothing_and_prove_nothing(gap: str) -> None:
    api = Api(IDS, IDS[:3])
    if gap == "restarted":
        api.restarts = 1
    elif gap == "younger":
        api.created = SENT + timedelta(seconds=1)
    else:
        api.logs["catalog"] += "x" * witness.LONGEST_LOG
    hearing = hear(api, [step()])
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness.startswith("not heard: ")
    assert gap in hearing.steps[0].checks[0].witness
    assert "not heard" in hearing.told


def test_a_mesh_without_access_logs_is_not_claimed_to_have_agreed() -> None:
    hearing = hear(Api(IDS, IDS, access_log=""), [step()])
    assert "accessLogFile" in hearing.unheard
    assert hearing.steps[0].status is StepStatus.PASSED
    assert hearing.steps[0].checks[0].witness == f"not heard: {hearing.unheard}"


def test_a_step_that_failed_is_not_asked_about() -> None:
    hearing = hear(Api(IDS, IDS[:3]), [step(StepStatus.FAILED)])
    assert hearing.unheard
    assert hearing.steps[0].checks[0].witness == ""


def test_a_mesh_configuration_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(IDS, IDS)

    def broken() -> str:
        raise StepFailed("the ConfigMap is no YAML", "repair it")

    monkeypatch.setattr(api, "access_log_file", broken)
    assert "the ConfigMap is no YAML" in hear(api, [step()]).unheard
