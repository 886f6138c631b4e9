"""A fresh `harness` command for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.whole.commands import Harness, command


@pytest.fixture
def harness() -> Iterator[Harness]:
    with command() as started:
        yield started
