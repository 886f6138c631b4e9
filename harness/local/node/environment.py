"""The environment of a container, built from nothing: pure, never this process's own.

Order, later wins: base, image, service variables, envFrom, env. What the node agent itself must
say (where to bind, which proxy) comes in ``base`` or is put on top by the caller.
Source: kubernetes/pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), envvars/envvars.go.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.local.node.errors import CannotStart
from harness.local.store import Object, Resource, kinds

Lookup = Callable[[Resource, str], Object | None]
"""An object of the pod's namespace by kind and name."""


def container_environment(
    pod: Object,
    container: Object,
    *,
    base: Mapping[str, str],
    image: Mapping[str, str],
    services: Iterable[Object],
    lookup: Lookup,
    addresses: Mapping[str, str],
) -> dict[str, str]:
    """All variables. ``addresses`` has ``podIP`` and ``hostIP``.

    Raises CannotStart (CreateContainerConfigError) naming the variable that has no value.
    """
    result = {**base, **image}
    if pod["spec"].get("enableServiceLinks", True):
        result |= service_variables(services)
    for source in container.get("envFrom", ()):
        result |= _from_source(source, lookup)
    for entry in container.get("env", ()):
        value = _value(pod, entry, lookup, addresses)
        if value is not None:
            result[entry["name"]] = expand(value, result)
    return result


def service_variables(services: Iterable[Object]) -> dict[str, str]:
    """``CATALOG_SERVICE_HOST`` and its kin for every service with a cluster IP."""
    result: dict[str, str] = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports", ())
        if not address or address == "None" or not ports:
            continue
        prefix = service["metadata"]["name"].upper().replace("-", "_")
        result[f"{prefix}_SERVICE_HOST"] = address
        result[f"{prefix}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                name = port["name"].upper().replace("-", "_")
                result[f"{prefix}_SERVICE_PORT_{name}"] = str(port["port"])
        for index, port in enumerate(ports):
            number, protocol = str(port["port"]), port.get("protocol", "TCP")
            url = f"{protocol.lower()}://{address}:{number}"
            if index == 0:
                result[f"{prefix}_PORT"] = url
            stem = f"{prefix}_PORT_{number}_{protocol.upper()}"
            result |= {
                stem: url,
                f"{stem}_PROTO": protocol.lower(),
                f"{stem}_PORT": number,
                f"{stem}_ADDR": address,
            }
    return result


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(NAME)``; unknown names stay, ``$$`` is a dollar sign.

    Source: kubernetes/third_party/forked/golang/expansion/expand.go.
    """

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else variables.get(name, match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, text)


def _value(pod: Object, entry: Object, lookup: Lookup, addresses: Mapping[str, str]) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"], addresses, entry["name"])
    for kind, field in ((kinds.CONFIG_MAPS, "configMapKeyRef"), (kinds.SECRETS, "secretKeyRef")):
        if field in source:
            return _key(kind, source[field], lookup)
    raise _refused(
        f"env {entry['name']}: valueFrom.{next(iter(source))} is not implemented by the local "
        "cluster; use value, fieldRef, configMapKeyRef or secretKeyRef"
    )


def _field(pod: Object, path: str, addresses: Mapping[str, str], variable: str) -> str:
    metadata, spec = pod["metadata"], pod["spec"]
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": addresses["podIP"],
        "status.podIPs": addresses["podIP"],
        "status.hostIP": addresses["hostIP"],
    }
    if path in simple:
        return str(simple[path])
    if match := re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path):
        return str(metadata.get(match[1], {}).get(match[2], ""))
    raise _refused(f"env {variable}: fieldRef {path!r} is not one of {', '.join(sorted(simple))}")


def _key(kind: Resource, ref: Object, lookup: Lookup) -> str | None:
    found = lookup(kind, ref["name"])
    data = _data(kind, found) if found is not None else {}
    if ref["key"] in data:
        return data[ref["key"]]
    if ref.get("optional"):
        return None
    if found is None:
        raise _refused(f'{kind.singular} "{ref["name"]}" not found')
    raise _refused(f"couldn't find key {ref['key']} in {kind.kind} {ref['name']}")


def _from_source(source: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for kind, field in ((kinds.CONFIG_MAPS, "configMapRef"), (kinds.SECRETS, "secretRef")):
        if ref := source.get(field):
            found = lookup(kind, ref["name"])
            if found is None:
                if ref.get("optional"):
                    return {}
                raise _refused(f'{kind.singular} "{ref["name"]}" not found')
            return {prefix + name: value for name, value in _data(kind, found).items()}
    return {}


def _data(kind: Resource, found: Object) -> dict[str, str]:
    data = dict(found.get("data") or {})
    if kind is kinds.SECRETS:
        plain = found.get("stringData") or {}
        return {k: base64.b64decode(v).decode() for k, v in data.items()} | dict(plain)
    return data


def _refused(message: str) -> CannotStart:
    return CannotStart("CreateContainerConfigError", message)
