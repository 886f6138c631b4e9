"""The one loop: changes in, the keys they concern, a plan for each, its writes out.

Everything between two awaits is atomic (the store is synchronous), so a plan is always made
from the newest state and never conflicts. Writes come back as changes; the loop ends when a
look changes nothing. There is no polling: what depends on time asks to be looked at again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from harness.local.controllers import deployments, endpoints, lifecycle, replicasets
from harness.local.controllers.claims import selects
from harness.local.controllers.owners import controller_of, is_ending
from harness.local.controllers.writes import Plan, carry_out
from harness.local.events import WARNING, EventRecorder
from harness.local.store import ALL, Event, EventType, Expired, Object, Resource, Store, kinds
from harness.local.store.errors import StoreError

Key = tuple[Resource, str, str]  # kind, namespace, name

log = logging.getLogger(__name__)

_SERVED: Final = {(resource.group, resource.kind): resource for resource in ALL}
CONTROLLERS: Final = {kinds.PODS: kinds.REPLICA_SETS, kinds.REPLICA_SETS: kinds.DEPLOYMENTS}
"""Of which kind the controller of an object is."""
PLANNED: Final = (kinds.NAMESPACES, kinds.DEPLOYMENTS, kinds.REPLICA_SETS, kinds.SERVICES)


class Controllers:
    """All controllers of one cluster."""

    def __init__(
        self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._recorders = {
            kinds.DEPLOYMENTS: EventRecorder(store, "deployment-controller", now=now),
            kinds.REPLICA_SETS: EventRecorder(store, "replicaset-controller", now=now),
            kinds.SERVICES: EventRecorder(store, "endpoint-slice-controller", now=now),
            kinds.NAMESPACES: EventRecorder(store, "namespace-controller", now=now),
        }

    async def start(self) -> None:
        """Begin to follow the store; what is already there is looked at first."""
        self._task = asyncio.create_task(self._run(), name="controllers")

    async def stop(self) -> None:
        """End the loop; raises what ended it before, if anything did."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            with self._store.watch(ALL) as watch:
                self._catch_up()
                self._look_at(self._everything())
                with contextlib.suppress(Expired):
                    while True:
                        events = await watch.wait()
                        for event in events:
                            self._collect(event)
                        self._look_at(key for event in events for key in self._concerned(event))

    def _everything(self) -> Iterator[Key]:
        for resource in PLANNED:
            for obj in self._store.list(resource):
                yield _key(resource, obj)

    def _look_at(self, keys: Iterable[Key]) -> None:
        for key in dict.fromkeys(keys):
            self._reconcile(key)

    def _reconcile(self, key: Key) -> None:
        resource, namespace, name = key
        if timer := self._timers.pop(key, None):
            timer.cancel()
        obj = self._store.find(resource, namespace, name)
        if obj is None:
            return
        recorder = self._recorders[resource]
        try:
            plan = self._plan(resource, obj)
            carry_out(self._store, recorder, plan.writes)
        except StoreError as error:
            if not is_ending(obj) and self._alive(namespace):
                recorder.record(obj, WARNING, "FailedCreate", error.message)
            return
        except Exception:
            # One object must not take the others' controllers down.
            log.exception("%s %s/%s cannot be reconciled", resource.kind, namespace, name)
            message = "a controller failed on this object; the cluster's log has the reason"
            recorder.record(obj, WARNING, "FailedReconcile", message)
            return
        if plan.recheck is not None:
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(plan.recheck, self._reconcile, key)

    def _alive(self, namespace: str) -> bool:
        found = self._store.find(kinds.NAMESPACES, "", namespace)
        return found is not None and not is_ending(found)

    def _plan(self, resource: Resource, obj: Object) -> Plan:
        store, namespace = self._store, obj["metadata"].get("namespace", "")
        if resource is kinds.DEPLOYMENTS:
            replica_sets = store.list(kinds.REPLICA_SETS, namespace)
            return deployments.plan(
                obj, replica_sets, store.list(kinds.PODS, namespace), self._now()
            )
        if resource is kinds.REPLICA_SETS:
            return replicasets.plan(obj, store.list(kinds.PODS, namespace), self._now())
        if resource is kinds.SERVICES:
            name = obj["metadata"]["name"]
            return endpoints.plan(
                obj,
                store.list(kinds.PODS, namespace),
                [
                    slice_
                    for slice_ in store.list(kinds.ENDPOINT_SLICES, namespace)
                    if slice_["metadata"].get("labels", {}).get(endpoints.SERVICE_NAME) == name
                    and slice_["metadata"]["labels"].get(endpoints.MANAGED_BY)
                    == endpoints.CONTROLLER
                ],
                store.find(kinds.ENDPOINTS, namespace, name),
            )
        name = obj["metadata"]["name"]
        contents = [
            (kind, found) for kind in ALL if kind.namespaced for found in store.list(kind, name)
        ]
        return lifecycle.plan_namespace(
            obj, contents, store.find(kinds.SERVICE_ACCOUNTS, name, "default")
        )

    def _collect(self, event: Event) -> None:
        """Garbage collection: what the event leaves without an owner."""
        metadata = event.object["metadata"]
        if event.resource is kinds.EVENTS:
            return
        try:
            if event.type is EventType.DELETED:
                dependents = self._dependents(event.object)
                plan = lifecycle.plan_after_deletion(event.object, dependents)
                carry_out(self._store, self._recorders[kinds.NAMESPACES], plan.writes)
                for reference in metadata.get("ownerReferences", ()):
                    self._serve_finalizers(reference["uid"], metadata.get("namespace", ""))
                return
            if is_ending(event.object) and metadata.get("finalizers"):
                self._serve_finalizers(metadata["uid"], metadata.get("namespace", ""))
            self._check_owners(event.resource, event.object)
        except StoreError:
            log.exception("dependents of %s %s", event.resource.kind, metadata["name"])

    def _check_owners(self, resource: Resource, seen: Object) -> None:
        """Collect an object whose owners are not there, though none of them went just now."""
        metadata = seen["metadata"]
        if not metadata.get("ownerReferences"):
            return
        namespace = metadata.get("namespace", "")
        obj = self._store.find(resource, namespace, metadata["name"])
        if obj is None or obj["metadata"]["uid"] != metadata["uid"]:
            return
        references = obj["metadata"].get("ownerReferences", ())
        missing = {ref["uid"] for ref in references if self._is_missing(ref, namespace)}
        if missing:
            writes = lifecycle.let_go(resource, obj, missing)
            carry_out(self._store, self._recorders[kinds.NAMESPACES], writes)

    def _is_missing(self, reference: Mapping[str, Any], namespace: str) -> bool:
        """Whether the owner is not there; one of a kind that is not served, nobody can tell."""
        kind = _SERVED.get((reference["apiVersion"].rpartition("/")[0], reference["kind"]))
        if kind is None or (kind.namespaced and not namespace):
            return False
        owner = self._store.find(kind, namespace, reference["name"])
        return owner is None or owner["metadata"]["uid"] != reference["uid"]

    def _serve_finalizers(self, uid: str, namespace: str) -> None:
        for kind in ALL:
            for obj in self._store.list(kind, namespace if kind.namespaced else None):
                if obj["metadata"]["uid"] == uid and is_ending(obj):
                    plan = lifecycle.plan_finalizers(kind, obj, self._dependents(obj))
                    carry_out(self._store, self._recorders[kinds.NAMESPACES], plan.writes)
                    return

    def _catch_up(self) -> None:
        """Collect what lost its owner, or began to end, while nobody followed the store."""
        everything = [(resource, obj) for resource in ALL for obj in self._store.list(resource)]
        for kind, obj in everything:
            self._check_owners(kind, obj)
            if is_ending(obj) and obj["metadata"].get("finalizers"):
                self._serve_finalizers(obj["metadata"]["uid"], obj["metadata"].get("namespace", ""))

    def _dependents(self, owner: Object) -> list[lifecycle.Found]:
        uid, namespace = owner["metadata"]["uid"], owner["metadata"].get("namespace")
        return [
            (kind, obj)
            for kind in ALL
            for obj in self._store.list(kind, namespace if kind.namespaced else None)
            if lifecycle.depends_on(obj, uid)
        ]

    def _concerned(self, event: Event) -> Iterator[Key]:
        resource, obj = event.resource, event.object
        namespace = obj["metadata"].get("namespace", "")
        if resource is kinds.EVENTS:
            if event.type is EventType.DELETED and not self._alive(namespace):
                yield kinds.NAMESPACES, "", namespace
            return
        if resource in PLANNED:
            yield _key(resource, obj)
        states = [state for state in (obj, event.previous) if state is not None]
        if resource in CONTROLLERS:
            for state in states:
                yield from self._controllers_of(resource, state)
        if resource is kinds.PODS:
            for service in self._store.list(kinds.SERVICES, namespace):
                if any(endpoints.selects(service, state) for state in states):
                    yield _key(kinds.SERVICES, service)
        if resource is kinds.ENDPOINT_SLICES:
            yield (
                kinds.SERVICES,
                namespace,
                obj["metadata"].get("labels", {}).get(endpoints.SERVICE_NAME, ""),
            )
        if resource is kinds.ENDPOINTS:
            yield kinds.SERVICES, namespace, obj["metadata"]["name"]
        if event.type is EventType.DELETED and resource.namespaced:
            yield kinds.NAMESPACES, "", namespace

    def _controllers_of(self, resource: Resource, obj: Object) -> Iterator[Key]:
        """Who controls a pod or ReplicaSet, and who controls that; for an orphan, who may adopt it.

        Source: addPod and updatePod in replica_set.go, addReplicaSet in deployment_controller.go.
        """
        kind = CONTROLLERS.get(resource)
        if kind is None:
            return
        namespace, owner = obj["metadata"]["namespace"], controller_of(obj)
        if owner is None:
            for candidate in self._store.list(kind, namespace):
                if selects(candidate, obj):
                    yield _key(kind, candidate)
        elif owner["kind"] == kind.kind:
            yield kind, namespace, owner["name"]
            found = self._store.find(kind, namespace, owner["name"])
            if found is not None:
                yield from self._controllers_of(kind, found)


def _key(resource: Resource, obj: Object) -> Key:
    return resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
