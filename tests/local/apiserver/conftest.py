from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apiserver_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An API server of this test's own, with the namespaces default and kube-system."""
    made = World(tmp_path)
    made.start()
    yield made
    made.stop()
