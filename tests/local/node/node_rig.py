"""A node with real processes and real Envoys, without the API server: store, controllers,
pilot and node agent in this process; applications written into a folder of the test's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from harness.clusters.envoy import find_envoy
from harness.local.contracts import ExecSession, LogOptions, OutsideWorld
from harness.local.controllers import Controllers
from harness.local.node import NodeAgent
from harness.local.options import ClusterConfig
from harness.local.pilot import Pilot
from harness.local.process import preparation
from harness.local.store import Object, Resource, Store, kinds
from harness.waiting import Pending, wait_until

NAMESPACE = "shop"
SECONDS = 30.0
"""How long any wait may take on a busy machine."""

APP = """
import os, sys
from flask import Flask, request
from pathlib import Path

app = Flask(__name__)
healthy = {"value": True}
print("booted", flush=True)

@app.get("/healthz")
def healthz():
    return ("ok", 200) if healthy["value"] else ("sick", 500)

@app.post("/sicken")
def sicken():
    healthy["value"] = False
    return "sick"

@app.get("/env")
def env():
    return dict(os.environ)

@app.get("/held")
def held():
    with open(Path(__file__).with_name("gate")) as gate:
        gate.read()
    return "done"
"""
DOCKERFILE = """
FROM python:3.13-slim
ENV GREETING="hello world" PYTHONDONTWRITEBYTECODE=1
EXPOSE 3000
CMD ["gunicorn", "--bind", "0.0.0.0:3000", "--worker-class", "gthread", "app:app"]
"""


class Rig:
    def __init__(self, folder: Path, store: Store, node: NodeAgent, config: ClusterConfig) -> None:
        self.folder = folder
        self.store = store
        self.node = node
        self.config = config

    def image(self, name: str, app: str = APP, dockerfile: str = DOCKERFILE) -> None:
        folder = Path(self.config.services) / name
        folder.mkdir(parents=True)
        (folder / "app.py").write_text(app)
        (folder / "Dockerfile").write_text(dockerfile)
        os.mkfifo(folder / "gate")

    async def hold(self, name: str) -> int:
        """Wait until a request is held by the application's gate; closing the result lets it go."""

        def opened() -> int:
            try:
                gate = Path(self.config.services) / name / "gate"
                return os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                raise Pending("nobody reads the gate") from error

        return await asyncio.to_thread(wait_until, "a request is held", opened, SECONDS)

    async def until(self, what: str, condition: Callable[[], Any]) -> Any:
        """Wait for the store to satisfy ``condition``; its value once it is true."""
        with self.store.watch([kinds.PODS, kinds.EVENTS, kinds.DEPLOYMENTS]) as watch:
            while not (value := condition()):
                try:
                    await asyncio.wait_for(watch.wait(), SECONDS)
                except TimeoutError:
                    raise AssertionError(f"{what}: {self.describe()}") from None
            return value

    def describe(self) -> str:
        """All that is known, for a failed wait."""
        pods = [pod.get("status") for pod in self.store.list(kinds.PODS)]
        events = [(e["reason"], e["message"]) for e in self.store.list(kinds.EVENTS)]
        logs = [p.read_text()[-2000:] for p in self.folder.glob("c/p/*/*.log")]
        return f"{pods}\n{events}\n{logs}"

    def create(self, resource: Resource, obj: dict[str, Any]) -> Object:
        return self.store.create(resource, obj, NAMESPACE)

    def pod(self, name: str = "web") -> Object:
        return self.store.get(kinds.PODS, NAMESPACE, name)

    def run_pod(self, name: str = "web", **more: Any) -> Object:
        return self.create(kinds.PODS, pod(name, **more))

    async def ready(self, name: str = "web") -> Object:
        await self.until(f"pod {name} is ready", lambda: is_ready(self.pod(name)))
        return self.pod(name)

    def status(self, container: str, name: str = "web") -> dict[str, Any]:
        for status in self.pod(name)["status"].get("containerStatuses", []):
            if status["name"] == container:
                return dict(status)
        return {"restartCount": 0, "state": {}}

    def waiting(self, name: str = "web") -> str:
        statuses = self.pod(name)["status"].get("containerStatuses", [{}])
        return str(statuses[0].get("state", {}).get("waiting", {}).get("reason", ""))

    def events(self, reason: str) -> list[Object]:
        return [e for e in self.store.list(kinds.EVENTS, NAMESPACE) if e["reason"] == reason]

    async def log(self, container: str, name: str = "web", **options: Any) -> str:
        chunks = self.node.logs(NAMESPACE, name, container, LogOptions(**options))
        return b"".join([chunk async for chunk in chunks]).decode()

    async def execute(
        self, container: str, *command: str, name: str = "web", tty: bool = False
    ) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        session = await self.node.execute(NAMESPACE, name, container, command, stdin=False, tty=tty)
        return await collect(session)

    async def get(self, path: str, name: str = "web", port: int = 3000) -> tuple[int, str]:
        """An HTTP request to the pod's address, as port-forward makes it."""
        reader, writer = await self.node.dial(NAMESPACE, name, port)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n".encode())
        answer = (await asyncio.wait_for(reader.read(), SECONDS)).decode()
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), body

    def processes(self) -> list[str]:
        """Every process that works for this rig, by its environment or its arguments."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    command = (entry / "cmdline").read_bytes()
                    if str(self.folder).encode() in (entry / "environ").read_bytes() + command:
                        found.append(command.replace(b"\0", b" ").decode())
        return found


async def collect(session: ExecSession) -> tuple[int, str, str]:
    output: dict[int, bytes] = {1: b"", 2: b""}
    async for channel, data in session.output():
        output[channel] += data
    return await session.exit_code(), output[1].decode(), output[2].decode()


def pod(
    name: str = "web", image: str = "registry.example/shop/web:1", **more: Any
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "web",
        "image": image,
        "ports": [{"name": "http", "containerPort": 3000}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1},
        **more.pop("container", {}),
    }
    labels = {"app": name, **more.pop("labels", {})}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "containers": [{k: v for k, v in container.items() if v is not None}],
            "terminationGracePeriodSeconds": 5,
            **more,
        },
    }


def is_ready(found: Object) -> bool:
    conditions = found["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@asynccontextmanager
async def rig(*, injected: bool = False) -> AsyncIterator[Rig]:
    # Not tmp_path: Unix sockets lie below it, whose paths end at 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="h"))
    directory = folder / "c"
    directory.mkdir(mode=0o700)
    (folder / "services").mkdir()
    config = ClusterConfig(
        name=folder.name,
        directory=str(directory),
        services=str(folder / "services"),
        envoy=str(find_envoy()),
        istio="1.31.0",
    )

    store = Store(prepare=preparation(config, lambda: store))
    ads_socket = str(directory / "ads.sock")
    pilot = Pilot(store, OutsideWorld(), ads_socket, 0)
    node = NodeAgent(store, config, pilot, ads_socket, backoff_base=0.3)
    controllers = Controllers(store)
    labels = {"istio-injection": "enabled"} if injected else {}
    store.create(kinds.NAMESPACES, {"metadata": {"name": NAMESPACE, "labels": labels}})
    async with contextlib.AsyncExitStack() as running:
        for room in (pilot, node, controllers):
            await room.start()
            running.push_async_callback(room.stop)
        this = Rig(folder, store, node, config)
        yield this
    assert this.processes() == [], "processes outlived the node agent"
    shutil.rmtree(folder)
