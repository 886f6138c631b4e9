"""The stand-in for the outside world on real clusters: its objects, its server, its line of DNS."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from harness.clusters import stand_in
from harness.clusters.api import Api
from harness.errors import EnvironmentCannot
from harness.waiting import Pending, wait_until

COREFILE = """\
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
}
"""


def test_dns_points_at_it_and_back() -> None:
    pointed = stand_in.pointed(COREFILE, "10.96.7.7")
    assert f"{stand_in.HOST}:53 {{" in pointed
    assert f"10.96.7.7 {stand_in.HOST}" in pointed
    assert pointed.endswith(COREFILE), "what was there stays as it was"
    assert stand_in.unpointed(pointed) == COREFILE
    assert stand_in.unpointed(COREFILE) == COREFILE


def test_pointing_twice_leaves_the_newer_address() -> None:
    twice = stand_in.pointed(stand_in.pointed(COREFILE, "10.96.7.7"), "10.96.8.8")
    assert "10.96.7.7" not in twice
    assert stand_in.unpointed(twice) == COREFILE


def test_its_pod_is_outside_the_mesh_and_ends_at_once() -> None:
    deployment = next(each for each in stand_in.objects() if each["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert template["spec"]["terminationGracePeriodSeconds"] == 1


def test_its_server_answers_users_as_the_real_host_does(tmp_path: Path) -> None:
    """The command of the container itself, run here on another port and folder."""
    config = next(each for each in stand_in.objects() if each["kind"] == "ConfigMap")
    (tmp_path / "users").write_text(config["data"]["users"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = stand_in.SERVER.replace(f'("", {stand_in.PORT})', f'("127.0.0.1", {port})')
    script = script.replace('"/outside"', repr(str(tmp_path)))
    assert script.count(str(port)) == 1
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as server:
        try:

            def answer() -> requests.Response:
                try:
                    return requests.get(f"http://127.0.0.1:{port}/users", timeout=5)
                except requests.ConnectionError as error:
                    raise Pending(str(error)) from error

            users = wait_until("the stand-in", answer, 20)
        finally:
            server.terminate()
    assert users.headers["Content-Type"] == "application/json; charset=utf-8"
    assert [user["username"] for user in users.json()][:2] == ["Bret", "Antonette"]
    assert len(users.json()) == 10


def test_a_cluster_without_coredns_is_told_of_the_live_host(api: Api) -> None:
    with pytest.raises(EnvironmentCannot, match="no ConfigMap kube-system/coredns") as caught:
        stand_in.require_dns(api)
    assert "EXTERNAL=live" in caught.value.remedy


def test_objects_are_accepted_by_an_api_server(api: Api, namespace: str) -> None:
    for each in stand_in.objects():
        if each["kind"] != "Deployment":  # the local cluster has no volumes of ConfigMaps
            api.apply(each, namespace, "test")
    assert api.get("v1", "services", namespace, stand_in.NAME)["spec"]["clusterIP"]
