"""The composition root: starts the API server, then the rooms behind it, and waits.

The API server first, because it takes half of the imports and is what a client waits for: reads
are answered, and writes wait, while the other half is imported (``harness.local.rooms``).
Started by the guardian only, through ``harness.local.launch``.
Exit codes: 0 stopped as asked, 3 this machine cannot run it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from harness.local import ingress, install
from harness.local.apiserver import ApiServer
from harness.local.contracts import SetupError
from harness.local.envoy_version import ask_version
from harness.local.issuing import Issuing
from harness.local.options import ClusterConfig, Options
from harness.local.store import Object, Resource, Store, kinds
from harness.local.store.defaults import apply_defaults

SWITCH_SECONDS: Final = 0.0005
"""How long a request waits for the importing thread at each step, instead of Python's 0.005."""


def run(options: Options, issuing: Issuing) -> int:
    """Run one cluster until SIGTERM; the outcome of its start goes to the status descriptor.

    The garbage collector is expected to be off; it is put on when all is imported.
    """
    try:
        asyncio.run(
            _run(options.config, issuing, lambda report: _report(options.status_fd, report))
        )
    except SetupError as error:
        refusal = {"ready": False, "reason": error.reason, "remedy": error.remedy}
        _report(options.status_fd, refusal)
        return 3
    return 0


def _report(descriptor: int, report: dict[str, Any]) -> None:
    os.write(descriptor, (json.dumps(report) + "\n").encode())
    os.close(descriptor)


async def _run(
    config: ClusterConfig, issuing: Issuing, report: Callable[[dict[str, Any]], None]
) -> None:
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    async with AsyncExitStack() as running:
        held = running.enter_context(ingress.reserve(config.ingress_port))
        ingress_port = held.getsockname()[1]
        facts = await _start(config, issuing, ingress_port, running, stop)
        # No await between this look and the report: what is ready was not asked to stop.
        if facts is None or stop.is_set():
            return
        report({"ready": True, **facts})
        await stop.wait()


async def _start(
    config: ClusterConfig, issuing: Issuing, port: int, running: AsyncExitStack, stop: asyncio.Event
) -> dict[str, Any] | None:
    """Start every room; what is started is stopped by ``running``, last first.

    None if it was asked to stop before the rooms were imported: they are not started then.
    """
    store = Store(prepare=preparation(config, lambda: store))
    for resource, installed in (*install.namespaces(), *install.istio(port, config.istio)):
        store.create(resource, installed)
    credentials = issuing.wait()
    server = ApiServer(store, credentials=credentials)
    api_port = await server.start()
    running.push_async_callback(server.stop)
    kubeconfig = Path(config.directory) / "kubeconfig"
    credentials.write_kubeconfig(kubeconfig, api_port, config.name)
    asked = _ask(config.envoy)
    await asyncio.to_thread(_import_rooms)
    if stop.is_set():
        return None
    from harness.local.rooms import start

    pilot, node = await start(store, config, port, asked, running)
    # Again, for the order: nothing may be asked of a room that has been stopped.
    running.push_async_callback(server.stop)
    server.open(admit=pilot.admit, node=node)
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


def _ask(envoy: str) -> subprocess.Popen[bytes] | None:
    """Envoy's version, asked for; None if it cannot be, which the node agent then explains."""
    try:
        return ask_version(envoy)
    except OSError:
        return None


def _import_rooms() -> None:
    """Import the rest of the cluster, in a thread: the API answers meanwhile.

    The garbage collector never looks again at what is alive when it is put on. That is nearly all
    imported, and stays anyhow. Requests under way at that moment stay with it if they are in a
    cycle: a few, and only once.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        importlib.import_module("harness.local.rooms")
    finally:
        sys.setswitchinterval(usual)
    gc.freeze()
    gc.enable()


def preparation(
    config: ClusterConfig, store: Callable[[], Store]
) -> Callable[[Resource, dict[str, Any], Object | None], None]:
    """What a store's ``prepare`` does: sidecars go into new pods, then defaults are filled in."""

    def prepare(resource: Resource, new: dict[str, Any], old: Object | None) -> None:
        if resource is kinds.PODS and old is None:
            # Of a room that is imported later, but before there is a pod.
            from harness.local.node import inject

            inject(store(), config, new)
        apply_defaults(resource, new, old)

    return prepare
