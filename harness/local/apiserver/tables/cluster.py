"""Columns of namespaces, nodes, events and configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver.tables.columns import (
    NONE,
    UNKNOWN,
    Layout,
    age,
    columns,
    created,
    joined,
)
from harness.local.store import Object, Resource, kinds

_ROLE: Final = "node-role.kubernetes.io/"


def _namespace(namespace: Object, now: datetime) -> Sequence[Any]:
    phase = namespace.get("status", {}).get("phase", "")
    return namespace["metadata"]["name"], phase, created(namespace, now)


def _config_map(config_map: Object, now: datetime) -> Sequence[Any]:
    keys = len(config_map.get("data") or ()) + len(config_map.get("binaryData") or ())
    return config_map["metadata"]["name"], keys, created(config_map, now)


def _secret(secret: Object, now: datetime) -> Sequence[Any]:
    keys = len(secret.get("data") or ())
    return secret["metadata"]["name"], secret.get("type", ""), keys, created(secret, now)


def _service_account(account: Object, now: datetime) -> Sequence[Any]:
    return account["metadata"]["name"], len(account.get("secrets") or ()), created(account, now)


def _node(node: Object, now: datetime) -> Sequence[Any]:
    status = node.get("status", {})
    conditions = {each.get("type"): each.get("status") for each in status.get("conditions") or ()}
    word = {"True": "Ready", None: "Unknown"}.get(conditions.get("Ready"), "NotReady")
    if node.get("spec", {}).get("unschedulable"):
        word += ",SchedulingDisabled"
    labels = node["metadata"].get("labels") or {}
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))
    addresses = {each.get("type"): each.get("address") for each in status.get("addresses") or ()}
    info = status.get("nodeInfo", {})
    return (
        node["metadata"]["name"],
        word,
        joined(roles),
        created(node, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    )


def _event(event: Object, now: datetime) -> Sequence[Any]:
    involved = event.get("involvedObject") or {}
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = (event.get("series") or {}).get("lastObservedTime") or event.get("lastTimestamp")
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    seen = age(last or first, now)
    return (
        seen if count == 1 else f"{seen} (x{count} over {age(first, now)})",
        event.get("type", ""),
        event.get("reason", ""),
        f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}",
        involved.get("fieldPath", ""),
        joined([part for part in (component, source.get("host", "")) if part], ""),
        str(event.get("message", "")).strip(),
        age(first, now),
        count,
        event["metadata"]["name"],
    )


LAYOUTS: Final[Mapping[Resource, Layout]] = {
    kinds.NAMESPACES: Layout(columns("Name, Status, Age"), _namespace),
    kinds.CONFIG_MAPS: Layout(columns("Name, Data, Age"), _config_map),
    kinds.SECRETS: Layout(columns("Name, Type, Data, Age"), _secret),
    kinds.SERVICE_ACCOUNTS: Layout(columns("Name, Secrets, Age"), _service_account),
    kinds.NODES: Layout(
        columns(
            "Name, Status, Roles, Age, Version",
            "Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime",
        ),
        _node,
    ),
    kinds.EVENTS: Layout(
        (
            *columns("Last Seen, Type, Reason, Object"),
            *columns("", "Subobject, Source"),
            *columns("Message"),
            *columns("", "First Seen, Count, Name"),
        ),
        _event,
    ),
}
