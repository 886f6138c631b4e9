"""The composition root: builds the rooms of one local cluster, connects them, and waits.

Started by the guardian only, through ``harness.local.launch``.
Exit codes: 0 stopped as asked, 3 this machine cannot run it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from harness.local import ingress, install
from harness.local.apiserver import ApiServer
from harness.local.apiserver.credentials import Credentials
from harness.local.contracts import OutsideWorld
from harness.local.controllers import Controllers
from harness.local.node import NodeAgent, inject
from harness.local.node.errors import NodeSetupError
from harness.local.options import ClusterConfig, Options
from harness.local.outside import Outside
from harness.local.pilot import Pilot
from harness.local.store import Object, Resource, Store
from harness.local.store.defaults import apply_defaults


def run(options: Options, asked: subprocess.Popen[bytes] | None) -> int:
    """Run one cluster until SIGTERM; the outcome of its start goes to the status descriptor.

    ``asked`` is an ``envoy --version`` that runs.
    """
    try:
        asyncio.run(_run(options.config, asked, lambda report: _report(options.status_fd, report)))
    except (ingress.IngressPortError, NodeSetupError) as error:
        refusal = {"ready": False, "reason": error.reason, "remedy": error.remedy}
        _report(options.status_fd, refusal)
        return 3
    return 0


def _report(descriptor: int, report: dict[str, Any]) -> None:
    os.write(descriptor, (json.dumps(report) + "\n").encode())
    os.close(descriptor)


async def _run(
    config: ClusterConfig,
    asked: subprocess.Popen[bytes] | None,
    report: Callable[[dict[str, Any]], None],
) -> None:
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    async with AsyncExitStack() as running:
        held = running.enter_context(ingress.reserve(config.ingress_port))
        ingress_port = held.getsockname()[1]
        facts = await _start(config, asked, ingress_port, running)
        report({"ready": True, **facts})
        await stop.wait()


async def _start(
    config: ClusterConfig, asked: subprocess.Popen[bytes] | None, port: int, running: AsyncExitStack
) -> dict[str, Any]:
    """Start every room; what is started is stopped by ``running``, last first."""
    directory = Path(config.directory)
    ads_socket = str(directory / "ads.sock")
    store = Store(prepare=_prepare(config, lambda: store))
    outside = OutsideWorld()
    if config.external == "stub":
        world = Outside()
        outside = OutsideWorld(stand_in=await world.start())
        running.push_async_callback(world.stop)
    pilot = Pilot(store, outside, ads_socket, port)
    await pilot.start()
    running.push_async_callback(pilot.stop)
    node = NodeAgent(store, config, pilot, ads_socket, asked)
    await node.start()
    running.push_async_callback(node.stop)
    controllers = Controllers(store)
    await controllers.start()
    running.push_async_callback(controllers.stop)
    credentials = Credentials.create()
    server = ApiServer(store, admit=pilot.admit, node=node, credentials=credentials)
    api_port = await server.start()
    running.push_async_callback(server.stop)
    for resource, installed in (*install.namespaces(), *install.istio(port, config.istio)):
        store.create(resource, installed)
    kubeconfig = directory / "kubeconfig"
    credentials.write_kubeconfig(kubeconfig, api_port, config.name)
    return {
        "name": config.name,
        "cluster": "local",
        "directory": config.directory,
        "kubeconfig": str(kubeconfig),
        "ingress": f"http://{ingress.ADDRESS}:{port}",
        "istio": config.istio,
        "envoy": node.envoy_version,
        "kubernetes": server.kubernetes_version,
        "external": config.external,
    }


def _prepare(
    config: ClusterConfig, store: Callable[[], Store]
) -> Callable[[Resource, dict[str, Any], Object | None], None]:
    """Admission of every write: sidecars are injected before defaults are filled in."""

    def prepare(resource: Resource, new: dict[str, Any], old: Object | None) -> None:
        inject(store(), config, resource, new, old)
        apply_defaults(resource, new, old)

    return prepare
