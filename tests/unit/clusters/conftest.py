"""One local cluster for the tests of what is done through an API server."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator

import pytest

from harness.clusters import ClusterOptions
from harness.clusters.api import Api
from harness.clusters.local import LocalCluster
from harness.repository import ROOT


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    before = os.environ.get("HARNESS_HOME")
    with tempfile.TemporaryDirectory(prefix="h") as home:
        os.environ["HARNESS_HOME"] = f"{home}/s"
        made = LocalCluster(ClusterOptions(f"t{secrets.token_hex(3)}"), leased=True)
        try:
            made.launch()
            made.wait_ready()
            yield made
        finally:
            os.environ["HARNESS_HOME"] = f"{home}/s"
            made.stop()
            if before is None:
                del os.environ["HARNESS_HOME"]
            else:
                os.environ["HARNESS_HOME"] = before


@pytest.fixture(scope="session")
def api(cluster: LocalCluster) -> Iterator[Api]:
    made = Api(cluster.kubeconfig, ROOT)
    yield made
    made.close()


@pytest.fixture
def namespace(api: Api) -> str:
    name = f"n{secrets.token_hex(3)}"
    api.ensure_namespace(name, {})
    return name
