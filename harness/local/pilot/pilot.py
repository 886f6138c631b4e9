"""The pilot's life: watch the store, translate each snapshot, push, and report the answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from harness.local.contracts import (
    ROOT_NAMESPACE,
    Admission,
    OutsideWorld,
    ProxyIdentity,
    ProxyState,
    ProxyType,
)
from harness.local.events import EventRecorder
from harness.local.pilot import admission, snapshot
from harness.local.pilot.ads.server import AdsServer
from harness.local.pilot.ads.session import Answer
from harness.local.pilot.model import Proxy, Surroundings
from harness.local.pilot.reporting import report
from harness.local.pilot.translate import Resources, Translation
from harness.local.store import Expired, Object, Resource, Store

log = logging.getLogger(__name__)

INGRESS_ADDRESS: Final = "127.0.0.1"
COMPONENT: Final = "pilot"
"""Source of the events about rejected configuration."""


class Pilot:
    """Istio objects of a store, served as configuration to the Envoys that connect.

    Answers ``ProxyStates`` for them and ``admit`` for objects about to be stored.
    """

    def __init__(
        self, store: Store, outside: OutsideWorld, socket_path: str, ingress_port: int
    ) -> None:
        self._store = store
        self._socket_path = socket_path
        self._around = Surroundings((INGRESS_ADDRESS, ingress_port), outside.stand_in)
        self._snapshot = snapshot.build(store)
        self._translation = self._translate()
        self._events = EventRecorder(store, COMPONENT)
        self._server = AdsServer(self._compile, self._hear)
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve ADS on the Unix socket; OSError if the socket cannot be had."""
        await self._server.start(self._socket_path)
        started = asyncio.Event()
        self._watcher = asyncio.create_task(self._follow(started), name="pilot")
        await started.wait()

    async def stop(self) -> None:
        """Disconnect every proxy. They keep their last configuration."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
            self._watcher = None
        await self._server.stop()

    # --- ProxyStates and Admit ---------------------------------------------------------------

    def state(self, namespace: str, pod: str) -> ProxyState:
        """SYNCED once the newest configuration of every type is acknowledged."""
        session = self._server.session(namespace, pod)
        if session is None:
            return ProxyState.DISCONNECTED
        if session.rejection:
            return ProxyState.REJECTED
        return ProxyState.SYNCED if session.in_sync else ProxyState.SYNCING

    def rejection(self, namespace: str, pod: str) -> str:
        """Envoy's words for what it rejected last and still has not accepted; or empty."""
        session = self._server.session(namespace, pod)
        return "" if session is None else session.rejection

    def admit(self, resource: Resource, obj: Object) -> Admission:
        """Judge an Istio object, or the mesh's ConfigMap, about to be stored."""
        return admission.admit(resource, obj, self._snapshot)

    # --- inside ------------------------------------------------------------------------------

    async def _follow(self, started: asyncio.Event) -> None:
        """Take all changes of a loop turn at once; there is no debounce."""
        while True:
            with self._store.watch(snapshot.SOURCES) as watch, contextlib.suppress(Expired):
                self._refresh()
                started.set()
                while True:
                    if any(map(snapshot.concerns, await watch.wait())):
                        self._refresh()

    def _refresh(self) -> None:
        try:
            built = snapshot.build(self._store)
            if built != self._snapshot:
                self._snapshot = built
                self._translation = self._translate()
                self._server.push()
        except Exception:
            # An object that admission should not have let in must not end the others' service.
            log.exception("the store's objects cannot be followed; proxies keep what they have")

    def _translate(self) -> Translation:
        return Translation(self._snapshot, self._around, ROOT_NAMESPACE)

    def _compile(self, identity: ProxyIdentity) -> Resources:
        return self._translation.resources(
            Proxy(
                ip=identity.ip,
                pod=identity.pod,
                namespace=identity.namespace,
                is_gateway=identity.type is ProxyType.ROUTER,
                labels=identity.labels,
                inbound=identity.inbound,
                outbound_port=identity.outbound_port,
            )
        )

    def _hear(self, identity: ProxyIdentity, answer: Answer) -> None:
        report(self._store, self._events, identity, answer)
