"""The rooms behind the API server: built, connected and started while it answers already.

Their imports are most of the cluster's start (grpc, Envoy's types), so ``harness.local.process``
imports this module once the API server listens. Each of them begins with a list of the store's
objects, so it does not matter what was stored before.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from harness.local.contracts import OutsideWorld, SetupError
from harness.local.controllers import Controllers
from harness.local.node import NodeAgent
from harness.local.options import ClusterConfig
from harness.local.outside import Outside
from harness.local.pilot import Pilot
from harness.local.store import Store


async def start(
    store: Store,
    config: ClusterConfig,
    ingress_port: int,
    asked: subprocess.Popen[bytes] | None,
    running: AsyncExitStack,
) -> tuple[Pilot, NodeAgent]:
    """Start every room; what is started is stopped by ``running``, last first.

    ``asked`` is an ``envoy --version`` that runs. Raises SetupError.
    """
    ads_socket = str(Path(config.directory) / "ads.sock")
    outside = OutsideWorld()
    if config.external == "stub":
        world = Outside()
        with _needed(
            "a port for the stand-in of the outside world",
            "free what the error names, or use --external live, which needs no stand-in",
        ):
            outside = OutsideWorld(stand_in=await world.start())
        running.push_async_callback(world.stop)
    pilot = Pilot(store, outside, ads_socket, ingress_port)
    with _needed(
        f"the pilot's socket {ads_socket}",
        "free what the error names, or set HARNESS_HOME to a short, private folder of your own",
    ):
        await pilot.start()
    running.push_async_callback(pilot.stop)
    node = NodeAgent(store, config, pilot, ads_socket, asked)
    await node.start()
    running.push_async_callback(node.stop)
    controllers = Controllers(store)
    await controllers.start()
    running.push_async_callback(controllers.stop)
    return pilot, node


@contextmanager
def _needed(what: str, remedy: str) -> Iterator[None]:
    """SetupError if the machine does not give ``what``."""
    try:
        yield
    except OSError as error:
        raise SetupError(f"{what} cannot be had: {error}", remedy) from error
