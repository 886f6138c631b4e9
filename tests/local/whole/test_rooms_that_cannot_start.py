"""Rooms whose port or socket cannot be had: refused with a reason and a remedy."""

from __future__ import annotations

import asyncio
import errno
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from harness.local import rooms
from harness.local.contracts import SetupError
from harness.local.options import ClusterConfig
from harness.local.store import Store


def refusal(directory: Path, external: str) -> SetupError:
    config = ClusterConfig("test", str(directory), "/s", "/e", external=external)

    async def start() -> None:
        async with AsyncExitStack() as running:
            await rooms.start(Store(), config, 0, None, running)

    with pytest.raises(SetupError) as caught:
        asyncio.run(start())
    return caught.value


def test_no_port_for_the_outside_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_port(_: object) -> tuple[str, int]:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(rooms.Outside, "start", no_port)
    refused = refusal(tmp_path, "stub")
    assert "the outside world" in refused.reason
    assert "Cannot assign requested address" in refused.reason
    assert "--external live" in refused.remedy


@pytest.mark.parametrize("way", ["in the way", "no folder"])
def test_no_socket_for_the_pilot(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "c"
    if way == "in the way":
        (folder / "ads.sock").mkdir(parents=True)
    refused = refusal(folder, "live")
    assert str(folder / "ads.sock") in refused.reason
    assert "HARNESS_HOME" in refused.remedy
