"""What a reconcile wants done, as data, and the one place that does it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from harness.local.events import EventRecorder
from harness.local.store import Object, Resource, Store, kinds

DEFAULT_POD_GRACE = 30
"""Seconds; the API's default of spec.terminationGracePeriodSeconds."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Record an event on an object."""

    about: Object
    kind: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Create:
    """Store a new object, and tell so: ``{name}`` in ``tell``'s message is the name it got."""

    resource: Resource
    obj: Object
    tell: Tell | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Replace metadata and spec; nothing is written if nothing differs."""

    resource: Resource
    obj: Object


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """Replace the status; nothing is written if nothing differs."""

    resource: Resource
    obj: Object
    status: Object


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete as a client would: pods with their grace period."""

    resource: Resource
    obj: Object


@dataclass(frozen=True, slots=True)
class Purge:
    """Remove at once."""

    resource: Resource
    obj: Object


Write = Create | Update | UpdateStatus | Delete | Purge | Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """Writes in order, and after how many seconds to look again even if nothing changes."""

    writes: tuple[Write, ...] = field(default=())
    recheck: float | None = None


def carry_out(store: Store, recorder: EventRecorder, writes: tuple[Write, ...]) -> None:
    """Do the writes; a StoreError of one ends the rest (the next look plans anew)."""
    for write in writes:
        _carry_out(store, recorder, write)


def changed(obj: Object) -> dict[str, Any]:
    """A copy that may be changed."""
    return copy.deepcopy(dict(obj))


def _carry_out(store: Store, recorder: EventRecorder, write: Write) -> None:
    if isinstance(write, Tell):
        recorder.record(write.about, write.kind, write.reason, write.message)
    elif isinstance(write, Create):
        created = store.create(write.resource, write.obj)
        if write.tell is not None:
            message = write.tell.message.format(name=created["metadata"]["name"])
            _carry_out(store, recorder, replace(write.tell, message=message))
    elif isinstance(write, Update):
        store.update(write.resource, _unconditional(write.obj))
    elif isinstance(write, UpdateStatus):
        store.update_status(
            write.resource, {**_unconditional(write.obj), "status": dict(write.status)}
        )
    else:
        metadata = write.obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        found = store.find(write.resource, namespace, name)
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            return
        if isinstance(write, Purge):
            store.purge(write.resource, namespace, name)
        else:
            store.delete(
                write.resource, namespace, name, grace_seconds=_grace(write.resource, found)
            )


def _unconditional(obj: Object) -> Object:
    """Without resourceVersion: earlier writes of the same plan may have moved it on."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
    return {**obj, "metadata": metadata}


def _grace(resource: Resource, obj: Object) -> int:
    if resource is not kinds.PODS:
        return 0
    return int(obj["spec"].get("terminationGracePeriodSeconds", DEFAULT_POD_GRACE))
