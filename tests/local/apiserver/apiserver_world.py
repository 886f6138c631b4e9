"""A real API server over a real store, in a thread, and the clients that drive it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
import yaml

from harness.local.apiserver import ApiServer
from harness.local.certificates import issue
from harness.local.contracts import Admission, FieldProblem, LogOptions, NodeError
from harness.local.store import Object, Resource, Store, kinds
from harness.local.store.defaults import apply_defaults

KUBECTL = Path(sys.executable).parent / "kubectl"
T = TypeVar("T")


class EchoSession:
    """A command of the fake node: ``cat`` repeats stdin, ``exit N`` ends with N.

    ``stuck`` is a ``cat`` that does not end, killed or not, before ``released`` is set.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.sizes: list[tuple[int, int]] = []
        self.killed = False
        self.released = asyncio.Event()
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def write(self, data: bytes) -> None:
        await self._input.put(data)

    async def close_stdin(self) -> None:
        await self._input.put(None)

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        if self.command[0] in ("cat", "stuck"):
            while (data := await self._input.get()) is not None:
                yield 1, data
        else:
            yield 1, b"to stdout\n"
            yield 2, b"to stderr\n"

    async def exit_code(self) -> int:
        return int(self.command[1]) if self.command[0] == "exit" else 0

    async def kill(self) -> None:
        if self.command[0] == "stuck":
            await self.released.wait()
        self.killed = True

    def resize(self, width: int, height: int) -> None:
        self.sizes.append((width, height))


@dataclass
class FakeNode:
    """Answers the API server's questions from what a test put here."""

    log: list[bytes] = field(default_factory=lambda: [b"first\n", b"second\n"])
    asked: list[LogOptions] = field(default_factory=list)
    sessions: list[EchoSession] = field(default_factory=list)
    port: int = 0

    async def logs(
        self, namespace: str, pod: str, container: str, options: LogOptions
    ) -> AsyncIterator[bytes]:
        self.asked.append(options)
        if options.previous:
            raise NodeError(f'previous terminated container "{container}" in pod "{pod}" not found')
        for line in self.log:
            yield line

    async def execute(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *,
        stdin: bool, tty: bool,
    ) -> EchoSession:  # fmt: skip
        if command[0] == "missing":
            raise NodeError('exec: "missing": executable file not found in $PATH', 500)
        self.sessions.append(EchoSession(command))
        return self.sessions[-1]

    async def dial(self, namespace: str, pod: str, port: int) -> tuple[Any, Any]:
        if port != 80:
            raise NodeError(f"failed to connect to port {port} of pod {pod}", 500, "InternalError")
        return await asyncio.open_connection("127.0.0.1", self.port)


def admit(resource: Resource, obj: Object) -> Admission:
    """Judges like a pilot that knows ``hosts`` and ``http`` only, enough for the wire."""
    spec = obj.get("spec") or {}
    problems = []
    if spec.get("hosts") == []:
        problems.append(FieldProblem("spec.hosts", "Required value", "FieldValueRequired"))
    known = {"hosts", "http", "gateways", "host", "subsets", "servers", "selector", "ports",
             "location", "resolution", "trafficPolicy"}  # fmt: skip
    warnings = ["spec.hosts: no such service"] if "nobody" in (spec.get("hosts") or ()) else []
    return Admission(problems, [f"spec.{key}" for key in spec if key not in known], warnings)


@dataclass(frozen=True)
class Done:
    """A kubectl that has ended."""

    code: int
    out: str
    err: str


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait, without blocking the running loop, until the condition holds or time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition() and loop.time() < deadline:
        turn = asyncio.Event()
        loop.call_later(0.01, turn.set)
        await turn.wait()


async def until_no_connections() -> None:
    """Wait until the running loop has no socket but its own: TLS says goodbye in its own time."""
    selector: Any = asyncio.get_running_loop()
    await until(lambda: len(selector._selector.get_map()) <= 1)


class World:
    """The server, and everything a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = FakeNode()
        self.credentials = issue()
        self.loop = asyncio.new_event_loop()
        self.kubeconfig = folder / "kubeconfig"
        self.store = Store(prepare=apply_defaults)
        self._server = ApiServer(self.store, credentials=self.credentials)
        self._thread = threading.Thread(target=self.loop.run_forever)

    def start(self, *, opened: bool = True) -> None:
        self._thread.start()
        for name in ("default", "kube-system"):
            self.do(lambda name=name: self.store.create(kinds.NAMESPACES, named(name)))
        self.port = self.run(self._server.start())
        if opened:
            self.open()
        self.credentials.write_kubeconfig(self.kubeconfig, self.port, "local")
        self.ca = self.folder / "ca.pem"
        self.ca.write_bytes(self.credentials.ca)

    @property
    def under_way(self) -> set[asyncio.Task[object]]:
        """Requests the server has not answered yet."""
        return self._server._streams

    @property
    def waiting(self) -> int:
        """Requests that wait for the rooms behind the server."""
        return self._server._opening.waiting

    def open(self) -> None:
        """The rooms behind the server are there."""
        self.do(lambda: self._server.open(admit=admit, node=self.node))

    def stop_server(self, within: float) -> None:
        """End every request; TimeoutError if that takes longer than ``within`` seconds."""
        self.run(asyncio.wait_for(self._server.stop(), within))

    def stop(self) -> None:
        self.run(self._server.stop())
        self.run(until_no_connections())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self.loop.close()

    def run(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def do(self, work: Callable[[], T]) -> T:
        """Call a function in the server's loop, as controllers do."""

        async def call() -> T:
            return work()

        result: T = self.run(call())
        return result

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition, looked at in the server's loop, holds."""
        self.run(until(condition))
        assert self.do(condition)

    # --- clients -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": os.environ["PATH"],
        }

    def command(self, *arguments: str) -> list[str]:
        return [str(KUBECTL), "--cache-dir", str(self.folder / "cache"), *arguments]

    def kubectl(self, *arguments: str, stdin: str = "", code: int | None = 0, **env: str) -> Done:
        """Run kubectl and check its exit code (None: any)."""
        ended = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.environment(), **env},
            timeout=60,
        )
        done = Done(ended.returncode, ended.stdout, ended.stderr)
        assert code is None or done.code == code, done
        return done

    def apply(self, document: Any, *arguments: str, code: int | None = 0) -> Done:
        """``kubectl apply -f -`` of one or several documents."""
        documents = document if isinstance(document, list) else [document]
        text = document if isinstance(document, str) else yaml.safe_dump_all(documents)
        return self.kubectl("apply", "-f", "-", *arguments, stdin=text, code=code)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A kubectl that goes on until the block ends."""
        process = subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=10)

    def request(
        self, method: str, path: str, *, token: str | None = None, **more: Any
    ) -> requests.Response:
        """A plain HTTPS request with the token (or another one)."""
        headers = {
            "Authorization": f"Bearer {self.credentials.token if token is None else token}",
            **more.pop("headers", {}),
        }
        # Environment proxies must not see loopback traffic.
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method, self.url + path, verify=str(self.ca), headers=headers, timeout=20, **more
            )
            if not more.get("stream"):
                assert answer.content is not None
            return answer

    def post(self, path: str, document: Any, **more: Any) -> requests.Response:
        return self.request("POST", path, data=json.dumps(document), **json_headers(more))

    def watch(self, path: str, **query: str) -> list[dict[str, Any]]:
        """All events of a watch that ends by itself (timeoutSeconds)."""
        answer = self.request("GET", path, params={"watch": "true", **query})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


def json_headers(more: dict[str, Any]) -> dict[str, Any]:
    return {**more, "headers": {"Content-Type": "application/json", **more.get("headers", {})}}


# --- objects -----------------------------------------------------------------------------------


def named(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", **named(name), "data": data}


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": name,
        "image": f"shop/{name}:1.0.0",
        "ports": [{"containerPort": 3000}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        **named(name, labels={"app": name}),
        "spec": {"containers": [{"name": "main", "image": "shop/main:1.0.0"}], **spec},
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 3000}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        **named(name),
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def virtual_service(name: str, version: str = "v1alpha3", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"networking.istio.io/{version}",
        "kind": "VirtualService",
        **named(name),
        "spec": {"hosts": [name], "http": [{"route": [{"destination": {"host": name}}]}], **spec},
    }


def gateway(name: str) -> dict[str, Any]:
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "Gateway",
        **named(name),
        "spec": {"selector": {"istio": "x"}, "servers": [{"port": port, "hosts": ["a.example"]}]},
    }


def destination_rule(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "DestinationRule",
        **named(name),
        "spec": {"host": f"{name}.shop.svc.cluster.local", "subsets": [{"name": "v1"}]},
    }
