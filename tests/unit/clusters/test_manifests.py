"""Manifest files, and objects as kubectl would leave them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.clusters import manifests
from harness.errors import ApplyRefused


def read(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    return [obj["metadata"]["name"] for obj in manifests.read(file)]


ONE = "{apiVersion: v1, kind: Service, metadata: {name: one}}"


def test_documents_and_lists_in_order(tmp_path: Path) -> None:
    two = ONE.replace("one", "two")
    text = f"---\n{ONE}\n---\n---\n{{kind: List, items: [{two}]}}\n"
    assert read(tmp_path, text) == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds no object"),
        ("kind: [", "cannot be read"),
        ("just words", "no named object"),
        ("{kind: Service, metadata: {}}", "no named object"),
    ],
)
def test_faults_name_the_file(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ApplyRefused, match=fault) as caught:
        read(tmp_path, text)
    assert "m.yaml" in caught.value.reason


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ApplyRefused, match=r"no\.yaml cannot be read"):
        manifests.read(tmp_path / "no.yaml")


def test_last_applied_has_kubectls_form() -> None:
    obj = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "one"}, "spec": {"a": 1}}
    new = manifests.annotated(obj, "shop")
    assert new["metadata"]["annotations"] == {
        manifests.LAST_APPLIED: '{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},'
        '"name":"one","namespace":"shop"},"spec":{"a":1}}\n'
    }
    assert "annotations" not in obj["metadata"]


def test_last_applied_does_not_nest() -> None:
    once = manifests.annotated({"metadata": {"name": "one"}}, "")
    twice = manifests.annotated(once, "")
    assert twice == once
    assert "namespace" not in json.loads(once["metadata"]["annotations"][manifests.LAST_APPLIED])


def test_replacing_keeps_what_others_added() -> None:
    live = {
        "metadata": {
            "resourceVersion": "7",
            "labels": {"added": "yes", "app": "old"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "finalizers": ["x/y"],
        },
        "spec": {"gone": True},
    }
    merged = manifests.replacing({"metadata": {"labels": {"app": "new"}}, "spec": {"a": 1}}, live)
    assert merged == {
        "metadata": {
            "resourceVersion": "7",
            "labels": {"added": "yes", "app": "new"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "finalizers": ["x/y"],
        },
        "spec": {"a": 1},
    }
