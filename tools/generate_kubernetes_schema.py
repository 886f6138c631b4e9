"""Write harness/local/apiserver/schema/{builtin,descriptions}.json from the official client.

The client's models are the published OpenAPI of Kubernetes; importing them takes seconds, so
the API server reads this extract instead. Run it after raising ``kubernetes`` in the lock:

    .venv/bin/python tools/generate_kubernetes_schema.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from kubernetes.client import models

ROOTS = {
    "Namespace": "V1Namespace",
    "Pod": "V1Pod",
    "Service": "V1Service",
    "Endpoints": "V1Endpoints",
    "ConfigMap": "V1ConfigMap",
    "Secret": "V1Secret",
    "ServiceAccount": "V1ServiceAccount",
    "Event": "CoreV1Event",
    "Node": "V1Node",
    "Deployment": "V1Deployment",
    "ReplicaSet": "V1ReplicaSet",
    "EndpointSlice": "V1EndpointSlice",
    "Scale": "V1Scale",
    "ObjectMeta": "V1ObjectMeta",
}
SCALARS = {"str", "int", "float", "bool", "object", "datetime", "bytes"}
QUANTITY_MAPS = {"limits", "requests", "capacity", "allocatable", "allocatedResources"}
QUANTITIES = {"sizeLimit", "divisor"}
FOLDER = Path(__file__).parent.parent / "harness/local/apiserver/schema"


def short(model: str) -> str:
    """``V1PodSpec`` → ``PodSpec``, ``CoreV1Event`` → ``Event``."""
    return re.sub(r"^(Core|(Discovery))?V[12](?=[A-Z])", r"\2", model)


def code(kind: str, field: str, annotation: object, queue: list[str]) -> str:
    """A field's type: a scalar, ``[]T``, ``{}T``, or ``#Model``."""
    if match := re.fullmatch(r"List\[(.*)\]", kind):
        return "[]" + code(match[1], field, None, queue)
    if match := re.fullmatch(r"Dict\[str, (.*)\]", kind):
        value = "quantity" if field in QUANTITY_MAPS else code(match[1], field, None, queue)
        return "{}" + value
    if field in QUANTITIES:
        return "quantity"
    if kind == "object" and "int" in str(annotation) and "str" in str(annotation):
        return "intstr"
    if kind in SCALARS:
        return kind
    queue.append(kind)
    return "#" + short(kind)


def write(file: str, content: dict[str, object]) -> None:
    """One line per type, so that a new release shows as a readable diff."""
    lines = [
        f"{json.dumps(name)}:{json.dumps(content[name], sort_keys=True, separators=(',', ':'))}"
        for name in sorted(content)
    ]
    (FOLDER / file).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Walk the models from the served kinds and write both files."""
    types: dict[str, dict[str, str]] = {}
    required: dict[str, list[str]] = {}
    descriptions: dict[str, dict[str, str]] = {}
    queue = list(ROOTS.values())
    done: set[str] = set()
    while queue:
        name = queue.pop()
        if name in done:
            continue
        done.add(name)
        model = getattr(models, name)
        own = short(name)
        if own in types:
            raise SystemExit(f"two models are called {own}; one is {name}")
        by_json_name = {
            info.serialization_alias or attribute: info
            for attribute, info in model.model_fields.items()
        }
        types[own], descriptions[own] = {}, {}
        for attribute, kind in sorted(model.openapi_types.items()):
            field = model.attribute_map[attribute]
            info = by_json_name[field]
            types[own][field] = code(kind, field, info.annotation, queue)
            descriptions[own][field] = info.description or ""
            if info.is_required():
                required.setdefault(own, []).append(field)
        descriptions[own][""] = " ".join((model.__doc__ or "").split("Attributes:")[0].split())
    write(
        "builtin.json",
        {name: {"fields": types[name], "required": required.get(name, [])} for name in types},
    )
    write("descriptions.json", descriptions)
    print(f"{len(types)} types, {sum(map(len, types.values()))} fields")


if __name__ == "__main__":
    main()
