"""Fixtures for the shop's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shop_upstream import Upstream, serve_upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A scripted service on loopback."""
    with serve_upstream() as served:
        yield served


@pytest.fixture
def other_upstream() -> Iterator[Upstream]:
    """A second one."""
    with serve_upstream() as served:
        yield served
