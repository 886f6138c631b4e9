"""Workloads, proxies that never took a change, gathering, and the bounded bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.chapter import parts
from harness.diagnosis import Evidence, Investigator, bundle, explain_check, explain_failure, gather
from harness.diagnosis.evidence import accesses, since
from harness.errors import ApplyRefused, NotLive, StepFailed
from tests.unit.diagnosis.diagnosis_evidence import NAMESPACE, access, pod, result, shop

NOT_LIVE = NotLive(
    "not live after 15 s: sidecar istioinaction/webapp-1: cluster outbound|80|version-v2|c is "
    "missing; route configuration 80 still sends c → a | gateway istio-system/gw-1: no answer"
)


def sick(state: dict[str, Any]) -> dict[str, Any]:
    found = pod("catalog-1", app="catalog", version="v1")
    found["status"]["containerStatuses"][0] |= {"ready": False, "state": state}
    return found


def explained(evidence: Evidence, check: Any) -> list[str]:
    return [str(finding) for finding in explain_check(evidence, check, result(pods=1))]


def test_a_pod_that_is_not_ready_is_told_with_its_last_warning() -> None:
    event = {
        "type": "Warning",
        "involvedObject": {"kind": "Pod", "name": "catalog-1"},
        "message": "Readiness probe failed: HTTP probe failed with statuscode: 404",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    evidence = shop(pods=(sick({"running": {}}),), events=(event,))
    assert explained(evidence, parts.workload("catalog", "catalog")) == [
        "pod catalog-1: container catalog runs and is not ready (Readiness probe failed: HTTP "
        "probe failed with statuscode: 404)\n"
        "  see: kubectl -n istioinaction describe pod catalog-1"
    ]


def test_a_container_that_waits_names_its_reason() -> None:
    evidence = shop(pods=(sick({"waiting": {"reason": "ErrImagePull"}}),))
    (finding,) = explain_failure(evidence, StepFailed("deployment is not available"))
    assert finding.sentence == "pod catalog-1: container catalog is waiting: ErrImagePull"


def test_a_missing_sidecar_and_missing_replicas() -> None:
    bare = pod("catalog-1", app="catalog", **{"sidecar.istio.io/inject": "false"})
    bare["spec"]["containers"].pop()
    told = explained(shop(pods=(bare,)), parts.workload("catalog", "catalog"))
    assert "has no container istio-proxy: its label sidecar.istio.io/inject is false" in told[0]
    evidence = shop(pods=())
    evidence.deployments[0]["spec"]["replicas"] = 0  # type: ignore[index]
    assert "asks for 0 replicas" in explained(evidence, parts.workload("catalog", "catalog"))[0]
    told = explained(Evidence(), parts.workload("catalog", "catalog"))
    assert told[0].startswith("namespace istioinaction has no Deployment catalog")


def test_every_proxy_without_the_change_is_named_with_what_it_lacks() -> None:
    first, second = explain_failure(shop(), NOT_LIVE)
    assert first.sentence == (
        "the sidecar proxy of pod webapp-1 never took the change: cluster outbound|80|version-v2|c "
        "is missing; route configuration 80 still sends c → a"
    )
    assert first.command.startswith("kubectl -n istioinaction exec webapp-1 -c istio-proxy -- ")
    assert second.sentence == "the gateway proxy of pod gw-1 never took the change: no answer"


def test_a_rejection_by_envoy_comes_first() -> None:
    about = {"kind": "VirtualService", "name": "catalog", "namespace": NAMESPACE}
    event = {"reason": "Rejected", "involvedObject": about, "message": "Envoy rejected 80: twice"}
    (finding,) = explain_failure(shop(events=(event,)), NOT_LIVE)
    assert finding.sentence == "VirtualService catalog: Envoy rejected 80: twice"


def test_a_refused_object_needs_no_more_words() -> None:
    assert explain_failure(shop(), ApplyRefused("x.yaml: refused")) == []


def test_access_lines_are_read_and_cut_at_a_moment() -> None:
    log = "not a line\n" + access("/items?x=1", 503, "-", "NC", "cluster_not_found")
    (line,) = accesses(log)
    found = (line.path, line.code, line.flags, line.details, line.authority)
    assert found == ("/items?x=1", 503, "NC", "cluster_not_found", "host")
    assert list(accesses(since(log, "2026-01-02T03:04:05.9+00:00")))
    assert since(log, "2026-01-02T03:04:06+00:00") == ""


class Source:
    """A cluster of one webapp pod, whose Envoy does not answer."""

    def objects(self, api_version: str, plural: str, namespace: str = "") -> list[dict[str, Any]]:
        if plural == "serviceentries":
            raise StepFailed("the API server is tired")
        return [pod("webapp-1", app="webapp")] if plural == "pods" else []

    def mesh_config(self) -> str:
        return "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"

    def log(self, namespace: str, pod: str, container: str) -> str:
        return access("/items", 200, "inbound|1||") if container == "istio-proxy" else "hello\n"

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        if command[-1].startswith("clusters"):
            raise StepFailed("no answer")
        return b"{}"


def test_gathering_goes_on_where_something_cannot_be_read() -> None:
    evidence = gather(Source(), "2026-01-01T00:00:00+00:00")
    assert [one["kind"] for one in evidence.pods] == ["Pod"]
    assert evidence.outbound_policy == "REGISTRY_ONLY"
    assert evidence.logs["istioinaction/webapp-1/webapp"] == "hello\n"
    assert "/items" in evidence.access["istioinaction/webapp-1"]
    assert [note.partition(":")[2] for note in evidence.notes] == [
        " the API server is tired", " no answer",
    ]  # fmt: skip


def test_an_investigation_keeps_its_evidence_by_step(tmp_path: Path) -> None:
    investigator = Investigator(tmp_path)
    failure = StepFailed("x")
    assert investigator.failed_step("all-v1", "2026", Source(), failure) == []
    kept = {path.name for path in (tmp_path / "all-v1").iterdir()}
    assert {"pods.json", "istioinaction_webapp-1_webapp.log", "notes.txt"} <= kept
    assert json.loads((tmp_path / "all-v1" / "pods.json").read_text())[0]["kind"] == "Pod"


def test_the_bundle_is_bounded_and_says_what_is_missing(tmp_path: Path) -> None:
    big = "x" * (2 * bundle.LARGEST_FILE) + "the end"
    evidence = shop(logs={f"a/p{number}/c": big for number in range(40)})
    written = bundle.write(evidence, tmp_path)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) == written <= bundle.LARGEST_BUNDLE
    assert max(sizes) <= bundle.LARGEST_FILE
    log = (tmp_path / "a_p0_c.log").read_text()
    assert log.startswith("[cut to")
    assert log.endswith("the end")
    assert "left out, the bundle is full" in (tmp_path / "notes.txt").read_text()


def test_a_full_bundle_takes_no_more(tmp_path: Path) -> None:
    assert bundle.write(shop(logs={"a/p/c": "x"}), tmp_path, room=0) == 0
