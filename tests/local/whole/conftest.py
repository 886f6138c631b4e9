"""A fresh `harness` command for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.whole.commands import Harness, command
from tests.local.whole.held import HeldStart, held_start


@pytest.fixture
def harness() -> Iterator[Harness]:
    with command() as started:
        yield started


@pytest.fixture
def held(harness: Harness, tmp_path: Path) -> Iterator[HeldStart]:
    """A start that is held at its first moment."""
    with held_start(harness, tmp_path, "first") as started:
        yield started
