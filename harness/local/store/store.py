"""Objects, resourceVersions and watches, in memory, for one event loop.

Writes are synchronous and atomic: between two awaits nothing else writes. Watchers read from
one shared history per kind, each at its own position, so a watcher that stops reading costs
nothing and loses nothing until the history is trimmed; then it gets Expired, as from etcd.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from harness.local.store import kinds
from harness.local.store.addresses import assign_addresses
from harness.local.store.errors import (
    AlreadyExists,
    Cause,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
)
from harness.local.store.kinds import Resource

Object = Mapping[str, Any]
Key = tuple[str, str]  # namespace ("" if cluster-scoped), name
Prepare = Callable[[Resource, dict[str, Any], Object | None], None]
"""Called on the new object (changed in place) and the old one, before it is stored."""

_COLLECTING: Final = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}
"""What keeps an owner until its dependents are freed or gone (metav1.DeletionPropagation)."""
HISTORY = 20_000
"""Events kept per kind for watchers to resume from."""


class EventType(StrEnum):
    """Watch event types, as the API spells them."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Event:
    """One change. ``previous`` is None for ADDED; for DELETED ``object`` is the last state."""

    type: EventType
    resource: Resource
    object: Object
    previous: Object | None
    version: int


def copied(value: Any) -> Any:
    """A deep copy of JSON-like data; mappings become dicts. Several times faster than deepcopy."""
    # Nearly all values are strings or plain dicts; to find out that one is a Mapping is dear.
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, Mapping)):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class Store:
    """All objects of one cluster."""

    def __init__(
        self,
        prepare: Prepare = lambda resource, new, old: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._prepare = prepare
        self._now = now
        self._version = 1
        self._objects: dict[Resource, dict[Key, Object]] = {resource: {} for resource in kinds.ALL}
        self._history: dict[Resource, deque[Event]] = {r: deque() for r in kinds.ALL}
        self._trimmed: dict[Resource, int] = dict.fromkeys(kinds.ALL, 0)
        self._wakers: dict[Resource, set[asyncio.Event]] = {r: set() for r in kinds.ALL}

    # --- reading ---------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The resourceVersion of the latest write."""
        return self._version

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """The object; NotFound if there is none."""
        try:
            return self._objects[resource][namespace if resource.namespaced else "", name]
        except KeyError:
            raise self._not_found(resource, name) from None

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects[resource].get((namespace if resource.namespaced else "", name))

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Objects by namespace and name; all namespaces if None."""
        found = self._objects[resource]
        return [found[key] for key in sorted(found) if namespace is None or key[0] == namespace]

    def watch(self, resources: Resource | Iterable[Resource], since: int | None = None) -> Watch:
        """Changes after resourceVersion ``since`` (default: from now on). Close it when done."""
        chosen = (resources,) if isinstance(resources, Resource) else tuple(resources)
        return Watch(self, chosen, self._version if since is None else since)

    # --- writing ---------------------------------------------------------------------------

    def create(
        self, resource: Resource, obj: Object, namespace: str = "", *, dry_run: bool = False
    ) -> Object:
        """Store a new object and return it with its metadata filled in.

        The namespace is the object's own or else ``namespace``. Raises AlreadyExists, NotFound
        (no such namespace) or Forbidden (the namespace is terminating).
        """
        new = copied(obj)
        metadata = new.setdefault("metadata", {})
        if not metadata.get("name") and not metadata.get("generateName"):
            raise self._nameless(resource)
        if resource.namespaced:
            metadata["namespace"] = metadata.get("namespace") or namespace
            self._check_namespace(resource, metadata["namespace"], metadata.get("name", ""))
        else:
            metadata.pop("namespace", None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + _suffix()
        key = (metadata.get("namespace", ""), metadata["name"])
        if key in self._objects[resource]:
            raise AlreadyExists(
                f'{resource.group_plural} "{key[1]}" already exists',
                group=resource.group, kind=resource.plural, name=key[1],
            )  # fmt: skip
        new["apiVersion"], new["kind"] = resource.storage_api_version, resource.kind
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = timestamp(self._now())
        for server_owned in ("resourceVersion", "selfLink", "deletionTimestamp"):
            metadata.pop(server_owned, None)
        if resource.has_generation:
            metadata["generation"] = 1
        else:
            metadata.pop("generation", None)
        self._complete(resource, new, None)
        return self._commit(EventType.ADDED, resource, key, new, None, dry_run)

    def update(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace everything but ``status`` (where status is a subresource).

        With metadata.resourceVersion set it must be current (Conflict otherwise); without, the
        write is unconditional. A write that changes nothing returns the stored object.
        """
        old = self._current(resource, obj)
        new = copied(obj)
        if "status" in resource.subresources:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        self._keep_server_metadata(resource, new, old)
        self._complete(resource, new, old)
        if resource.has_generation and _desired(new) != _desired(old):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        return self._replace(resource, new, old, dry_run)

    def update_status(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace ``status`` only; preconditions as for ``update``."""
        old = self._current(resource, obj)
        new = {**old, "metadata": dict(old["metadata"])}
        new.pop("status", None)
        if "status" in obj:
            new["status"] = copied(obj["status"])
        return self._replace(resource, new, old, dry_run)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        grace_seconds: int = 0,
        propagation: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Delete, or mark for deletion, and return the object's last or marked state.

        Marked (deletionTimestamp set, object stays) are: objects with finalizers, namespaces
        (their controller empties and ``purge``s them), and scheduled pods with a grace period
        (the node agent stops and ``purge``s them). deletionTimestamp is when the grace period
        ends; a later call may shorten it (source: k8s.io/apiserver/pkg/registry/rest/delete.go).
        ``propagation`` (metav1.DeletionPropagation) decides which finalizer of the garbage
        collector holds the object; empty leaves them as they are.
        """
        old = self.get(resource, namespace, name)
        metadata = old["metadata"]
        for wanted, field in ((uid, "uid"), (resource_version, "resourceVersion")):
            if wanted is not None and metadata[field] != wanted:
                raise self._conflict(
                    resource,
                    name,
                    f"Precondition failed: {field} in precondition: {wanted}, "
                    f"{field} in object meta: {metadata[field]}",
                )
        graceful = resource is kinds.PODS and grace_seconds > 0 and old["spec"].get("nodeName")
        finalizers = _finalizers_for(metadata.get("finalizers") or (), propagation)
        if not (finalizers or resource is kinds.NAMESPACES or graceful):
            return self.purge(resource, namespace, name, dry_run=dry_run)
        new = {**old, "metadata": {**metadata, "finalizers": finalizers}}
        if not finalizers:
            del new["metadata"]["finalizers"]
        shortened = graceful and grace_seconds < metadata.get("deletionGracePeriodSeconds", 0)
        if "deletionTimestamp" in metadata and not shortened:
            return self._replace(resource, new, old, dry_run)
        seconds = grace_seconds if graceful else 0
        deadline = timestamp(self._now() + timedelta(seconds=seconds))
        new["metadata"].update(deletionTimestamp=deadline, deletionGracePeriodSeconds=seconds)
        if "generation" in metadata:
            new["metadata"]["generation"] = metadata["generation"] + 1
        if resource is kinds.NAMESPACES:
            new["status"] = {**old.get("status", {}), "phase": "Terminating"}
        return self._replace(resource, new, old, dry_run)

    def purge(
        self, resource: Resource, namespace: str, name: str, *, dry_run: bool = False
    ) -> Object:
        """Remove an object at once, whatever holds it. For controllers and the node agent."""
        old = self.get(resource, namespace, name)
        gone = {**old, "metadata": dict(old["metadata"])}
        key = (namespace if resource.namespaced else "", name)
        return self._commit(EventType.DELETED, resource, key, gone, old, dry_run)

    # --- inside ----------------------------------------------------------------------------

    def _complete(self, resource: Resource, new: dict[str, Any], old: Object | None) -> None:
        self._prepare(resource, new, old)
        if resource is kinds.SERVICES:
            uid = new["metadata"]["uid"]
            services = self._objects[resource].values()
            others = (service for service in services if service["metadata"]["uid"] != uid)
            new.setdefault("spec", {})
            assign_addresses(new, old, others)

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        found = self._objects[kinds.NAMESPACES].get(("", namespace))
        if found is None:
            raise NotFound(f'namespaces "{namespace}" not found', kind="namespaces", name=namespace)
        if "deletionTimestamp" in found["metadata"]:
            raise Forbidden(
                f'{resource.group_plural} "{name}" is forbidden: unable to create new content in '
                f"namespace {namespace} because it is being terminated",
                group=resource.group,
                kind=resource.plural,
                name=name,
            )

    def _current(self, resource: Resource, obj: Object) -> Object:
        metadata = obj["metadata"]
        old = self.get(resource, metadata.get("namespace", ""), metadata["name"])
        for field in ("resourceVersion", "uid"):
            wanted = metadata.get(field)
            if wanted and wanted != old["metadata"][field]:
                raise self._conflict(
                    resource,
                    metadata["name"],
                    "the object has been modified; please apply your changes to the latest "
                    "version and try again",
                )
        return old

    def _keep_server_metadata(self, resource: Resource, new: dict[str, Any], old: Object) -> None:
        new["apiVersion"], new["kind"] = resource.storage_api_version, resource.kind
        for field in (
            "uid", "creationTimestamp", "generation", "namespace", "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ):  # fmt: skip
            if field in old["metadata"]:
                new["metadata"][field] = old["metadata"][field]
            else:
                new["metadata"].pop(field, None)

    def _replace(
        self, resource: Resource, new: dict[str, Any], old: Object, dry_run: bool
    ) -> Object:
        metadata = new["metadata"]
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        if new == old:
            return old
        key = (metadata.get("namespace", ""), metadata["name"])
        released = old["metadata"].get("finalizers") and not metadata.get("finalizers")
        held_otherwise = resource is kinds.NAMESPACES or metadata.get("deletionGracePeriodSeconds")
        if released and "deletionTimestamp" in metadata and not held_otherwise:
            return self._commit(EventType.DELETED, resource, key, new, old, dry_run)
        return self._commit(EventType.MODIFIED, resource, key, new, old, dry_run)

    def _commit(
        self,
        kind: EventType,
        resource: Resource,
        key: Key,
        new: dict[str, Any],
        old: Object | None,
        dry_run: bool,
    ) -> Object:
        if dry_run:
            return new
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        if kind is EventType.DELETED:
            del self._objects[resource][key]
        else:
            self._objects[resource][key] = new
        history = self._history[resource]
        history.append(Event(kind, resource, new, old, self._version))
        if len(history) > HISTORY:
            self._trimmed[resource] = history.popleft().version
        for waker in self._wakers[resource]:
            waker.set()
        return new

    def _nameless(self, resource: Resource) -> Invalid:
        message = "Required value: name or generateName is required"
        return Invalid(
            f'{resource.kind} "" is invalid: metadata.name: {message}',
            group=resource.group,
            kind=resource.kind,
            causes=(Cause("metadata.name", message, "FieldValueRequired"),),
        )

    def _not_found(self, resource: Resource, name: str) -> NotFound:
        return NotFound(
            f'{resource.group_plural} "{name}" not found',
            group=resource.group, kind=resource.plural, name=name,
        )  # fmt: skip

    def _conflict(self, resource: Resource, name: str, why: str) -> Conflict:
        return Conflict(
            f'Operation cannot be fulfilled on {resource.group_plural} "{name}": {why}',
            group=resource.group, kind=resource.plural, name=name,
        )  # fmt: skip


class Watch:
    """A position in the history of some kinds. Use as a context manager, or ``close`` it."""

    def __init__(self, store: Store, resources: tuple[Resource, ...], since: int) -> None:
        self._store = store
        self._resources = resources
        self._position = since
        self._waker = asyncio.Event()
        if since < store.version:
            self._waker.set()
        for resource in resources:
            store._wakers[resource].add(self._waker)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop being woken."""
        for resource in self._resources:
            self._store._wakers[resource].discard(self._waker)

    @property
    def position(self) -> int:
        """Every change of these kinds up to this resourceVersion has been taken."""
        return self._position if self._waker.is_set() else max(self._position, self._store.version)

    def take(self) -> list[Event]:
        """The changes since the last take, oldest first; Expired if some were trimmed."""
        events: list[Event] = []
        for resource in self._resources:
            if self._position < self._store._trimmed[resource]:
                raise Expired(
                    f"too old resource version: {self._position} ({self._store._trimmed[resource]})"
                )
            for event in reversed(self._store._history[resource]):
                if event.version <= self._position:
                    break
                events.append(event)
        events.sort(key=lambda event: event.version)
        self._position = max(self._position, self._store.version)
        self._waker.clear()
        return events

    async def wait(self) -> list[Event]:
        """The next changes; waits until there is at least one."""
        while True:
            await self._waker.wait()
            if events := self.take():
                return events


def _finalizers_for(present: Sequence[str], propagation: str) -> list[str]:
    """The finalizers of an object that is deleted so.

    Source: deletionFinalizersForGarbageCollection in k8s.io/apiserver/pkg/registry/generic.
    """
    if not propagation:
        return list(present)
    others = [each for each in present if each not in _COLLECTING.values()]
    return [*others, *filter(None, [_COLLECTING.get(propagation)])]


def _desired(obj: Object) -> Mapping[str, Any]:
    return {field: value for field, value in obj.items() if field not in ("metadata", "status")}


def _suffix() -> str:
    """Five characters from the alphabet Kubernetes uses for generated names."""
    return "".join(secrets.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(5))
