"""A local cluster for tests that speak to its API directly."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_session import Api
from kubectl_transcripts import cluster


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """The API of a cluster of this test file's own."""
    home = Path(tempfile.mkdtemp(prefix="h"))
    try:
        with cluster(home) as facts:
            client = Api(Path(facts["kubeconfig"]), home)
            yield client
            client.close()
    finally:
        shutil.rmtree(home)
