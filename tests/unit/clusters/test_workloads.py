"""Readings of Deployments and pods."""

from __future__ import annotations

from typing import Any

import pytest

from harness.clusters import workloads

DONE = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (DONE, ""),
        ({}, "its newest change is not observed yet"),
        ({**DONE, "observedGeneration": 1}, "its newest change is not observed yet"),
        ({"observedGeneration": 2}, "0 of 1 pods are updated"),
        ({**DONE, "replicas": 2}, "1 old pods are left"),
        ({**DONE, "availableReplicas": 0}, "0 of 1 pods are available"),
    ],
)
def test_rollout(status: dict[str, Any], why: str) -> None:
    deployment = {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert workloads.unavailable(deployment) == why


def pod(*statuses: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "catalog"}], **spec},
        "status": {"phase": "Running", "containerStatuses": list(statuses)},
    }


def test_ready_containers_say_nothing() -> None:
    assert workloads.not_ready(pod({"name": "catalog", "ready": True})) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ([], "has not started"),
        ([{"name": "catalog", "ready": False, "state": {"running": {}}}], "runs but is not ready"),
        (
            [
                {
                    "name": "catalog",
                    "ready": False,
                    "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}},
                }
            ],
            "is waiting: ErrImagePull no such image",
        ),
    ],
)
def test_containers_that_are_not_ready(status: list[dict[str, Any]], words: str) -> None:
    assert workloads.not_ready(pod(*status)) == [f"pod p: container catalog {words}"]


def test_restartable_init_containers_count_as_sidecars_and_others_do_not() -> None:
    init = [{"name": "istio-proxy", "restartPolicy": "Always"}, {"name": "istio-init"}]
    assert workloads.containers(pod(initContainers=init)) == ["istio-proxy", "catalog"]


def test_alive() -> None:
    assert workloads.is_alive(pod())
    assert not workloads.is_alive({"metadata": {"deletionTimestamp": "…"}})
    assert not workloads.is_alive({"metadata": {}, "status": {"phase": "Failed"}})


@pytest.mark.parametrize("kind", ["containerStatuses", "initContainerStatuses"])
def test_a_container_is_known_by_its_id(kind: str) -> None:
    other = {"name": "app", "containerID": "containerd://a"}
    pod = {"status": {kind: [other, {"name": "istio-proxy", "containerID": "containerd://b"}]}}
    assert workloads.container_id(pod, "istio-proxy") == "containerd://b"
    assert workloads.container_id({"status": {kind: [other]}}, "istio-proxy") == ""
    assert workloads.container_id({}, "istio-proxy") == ""
