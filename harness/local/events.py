"""Kubernetes Events: how the cluster's components tell a person what they did and why.

Shared by the rooms that have something to say. An event that repeats is counted, not written
again, and old events make room for new ones.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from harness.local.store import Forbidden, NotFound, Object, Store, kinds
from harness.local.store.store import timestamp

NORMAL: Final = "Normal"
WARNING: Final = "Warning"
KEPT_PER_NAMESPACE: Final = 1000
"""The API server forgets events after an hour (--event-ttl); here the oldest go by number."""


class EventRecorder:
    """Writes events in the name of one component, for example ``kubelet``."""

    def __init__(
        self,
        store: Store,
        component: str,
        host: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._component = component
        self._host = host
        self._now = now

    def record(
        self, about: Object, kind: str, reason: str, message: str, field_path: str = ""
    ) -> None:
        """Tell ``message`` about an object. ``kind`` is NORMAL or WARNING.

        An object whose namespace is ending or gone gets no event, as in Kubernetes.
        """
        involved = _reference(about, field_path)
        namespace = involved.get("namespace") or "default"
        moment = timestamp(self._now())
        identity = "\0".join(
            (involved.get("uid", ""), self._component, kind, reason, message, field_path)
        )
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        name = f"{involved['name']}.{digest}"
        known = self._store.find(kinds.EVENTS, namespace, name)
        with contextlib.suppress(Forbidden, NotFound):
            if known is not None:
                again = {**known, "count": known["count"] + 1, "lastTimestamp": moment}
                self._store.update(kinds.EVENTS, again)
                return
            self._make_room(namespace)
            self._store.create(
                kinds.EVENTS,
                {
                    "metadata": {"name": name, "namespace": namespace},
                    "involvedObject": involved,
                    "type": kind,
                    "reason": reason,
                    "message": message,
                    "count": 1,
                    "firstTimestamp": moment,
                    "lastTimestamp": moment,
                    "eventTime": None,
                    "source": {
                        "component": self._component,
                        **({"host": self._host} if self._host else {}),
                    },
                    "reportingComponent": self._component,
                    "reportingInstance": self._host,
                },
            )

    def _make_room(self, namespace: str) -> None:
        events = self._store.list(kinds.EVENTS, namespace)
        if len(events) >= KEPT_PER_NAMESPACE:
            events.sort(key=lambda event: str(event.get("lastTimestamp") or ""))
            for event in events[: KEPT_PER_NAMESPACE // 10]:
                self._store.purge(kinds.EVENTS, namespace, event["metadata"]["name"])


def _reference(about: Object, field_path: str) -> dict[str, Any]:
    metadata = about["metadata"]
    reference = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    if metadata.get("namespace"):
        reference["namespace"] = metadata["namespace"]
    if field_path:
        reference["fieldPath"] = field_path
    return reference
