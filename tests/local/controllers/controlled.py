"""A store with running controllers, and a hand that plays the node agent."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.local.controllers import Controllers
from harness.local.store import Object, Resource, Store, kinds
from harness.local.store.defaults import apply_defaults

NAMESPACE = "shop"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Controlled:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._addresses = 0

    async def settle(self) -> None:
        """Let the controllers act until a loop turn changes nothing."""
        while True:
            before = self.store.version
            for _ in range(5):
                await asyncio.sleep(0)
            if self.store.version == before:
                return

    def list(self, resource: Resource) -> list[Object]:
        return self.store.list(resource, NAMESPACE)

    def deployment(self, name: str = "web") -> Object:
        return self.store.get(kinds.DEPLOYMENTS, NAMESPACE, name)

    def conditions(self, name: str = "web") -> dict[str, tuple[str, str]]:
        found = self.deployment(name)["status"]["conditions"]
        return {c["type"]: (c["status"], c["reason"]) for c in found}

    def edit(self, resource: Resource, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        obj = copy.deepcopy(dict(self.store.get(resource, NAMESPACE, name)))
        change(obj)
        self.store.update(resource, obj)

    def edit_deployment(self, change: Callable[[dict[str, Any]], None]) -> None:
        self.edit(kinds.DEPLOYMENTS, "web", change)

    def scales(self) -> dict[str, int]:
        """Replicas asked for, by image."""
        return {
            rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
            for rs in self.list(kinds.REPLICA_SETS)
        }

    def run_pods(self, ready: bool = True) -> None:
        """Every pod that has no address gets one, and says it is (not) ready."""
        for pod in self.list(kinds.PODS):
            self.set_ready(pod, ready)

    def set_ready(self, pod: Object, ready: bool) -> None:
        address = pod.get("status", {}).get("podIP")
        if not address:
            self._addresses += 1
            address = f"127.9.0.{self._addresses}"
        condition = {
            "type": "Ready",
            "status": str(ready),
            "lastTransitionTime": self.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        status = {"phase": "Running", "podIP": address, "conditions": [condition]}
        self.store.update_status(kinds.PODS, {**pod, "status": status})

    async def roll(self) -> None:
        """Play node agent until the rollout moves no further."""
        while True:
            before = self.store.version
            await self.settle()
            self.run_pods()
            await self.settle()
            if self.store.version == before:
                return


def deployment(name: str = "web", replicas: int = 2, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": name,
        "image": f"{name}:1",
        "ports": [{"name": "http", "containerPort": 3000}],
    }
    return {
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def set_image(image: str) -> Callable[[dict[str, Any]], None]:
    def change(obj: dict[str, Any]) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return change


def set_replicas(count: int) -> Callable[[dict[str, Any]], None]:
    def change(obj: dict[str, Any]) -> None:
        obj["spec"]["replicas"] = count

    return change


@asynccontextmanager
async def controlled() -> AsyncIterator[Controlled]:
    clock = Clock()
    store = Store(prepare=apply_defaults, now=clock)
    controllers = Controllers(store, now=clock)
    store.create(kinds.NAMESPACES, {"metadata": {"name": NAMESPACE}})
    await controllers.start()
    try:
        yield Controlled(store, clock)
    finally:
        await controllers.stop()
