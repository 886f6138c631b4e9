"""One local cluster for all mutants, and time-outs that suit what will never come true."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial

import pytest

from harness import convergence
from harness.clusters import ClusterOptions, api, execute
from harness.clusters.local import LocalCluster
from harness.run import checks


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """A running cluster in a state folder of its own."""
    home = tempfile.mkdtemp(prefix="h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_HOME", home)
        found = LocalCluster(ClusterOptions(f"mutants-{secrets.token_hex(2)}"), leased=True)
        try:
            found.launch()
            found.wait_ready()
            yield found
        finally:
            found.stop()
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def shorter_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mutant keeps from coming true is waited for in vain: seconds instead of a minute."""
    monkeypatch.setattr(api, "WORKLOAD_READY", 8.0)
    monkeypatch.setattr(execute, "EXEC_SECONDS", 2.0)
    monkeypatch.setattr(checks, "MIRROR_LOGGED", 2.0)
    monkeypatch.setattr(convergence, "prove", partial(convergence.prove, seconds=5.0))
