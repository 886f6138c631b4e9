"""The hub of the local cluster: every object, its resourceVersion, and the watches on them.

API server, controllers, node agent and pilot all meet here and nowhere else. The store keeps
Kubernetes' bookkeeping (uid, resourceVersion, generation, deletion) and knows nothing of HTTP,
of YAML or of what an object means. It must not do I/O, and it must never hand out an object
that a caller may change: objects are ``Mapping``; to change one, deep-copy it and ``update``.
"""

from harness.local.store.errors import (
    AlreadyExists,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    StoreError,
)
from harness.local.store.kinds import ALL, Resource
from harness.local.store.store import Event, EventType, Object, Store, Watch

__all__ = [
    "ALL",
    "AlreadyExists",
    "Conflict",
    "Event",
    "EventType",
    "Expired",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Object",
    "Resource",
    "Store",
    "StoreError",
    "Watch",
]
