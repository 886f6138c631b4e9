"""Write the schemas of the served Istio kinds, and MeshConfig's field names, as package data.

Usage: python tools/generate_istio_schema.py API_MODULE

API_MODULE is an unpacked istio.io/api module (Apache-2.0), for example of release v1.31.0.
From its CustomResourceDefinitions the ``spec`` schema of each kind is kept without prose and
without CEL rules; from mesh/v1alpha1/config.proto the field names of MeshConfig.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = ("Gateway", "VirtualService", "DestinationRule", "ServiceEntry")
DROPPED = {"description", "x-kubernetes-validations", "x-kubernetes-list-map-keys"}
DROPPED |= {"x-kubernetes-list-type"}
TARGET = Path(__file__).parent.parent / "harness" / "local" / "pilot" / "schema"
FIELD = re.compile(r"^\s*(?:repeated\s+|map<.+>\s+)?[\w.]*\s*(\w+)\s*=\s*\d+\s*[;\[]")


def main() -> int:
    """Write both files."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    module = Path(sys.argv[1])
    definitions = module / "kubernetes" / "customresourcedefinitions.gen.yaml"
    _write("istio.json", schemas(definitions.read_text()))
    _write("mesh.json", mesh_fields((module / "mesh" / "v1alpha1" / "config.proto").read_text()))
    return 0


def schemas(text: str) -> dict[str, Any]:
    """Kind → trimmed schema of its ``spec`` at version v1."""
    found = {}
    for definition in yaml.load_all(text, Loader=yaml.CSafeLoader):
        kind = definition["spec"]["names"]["kind"]
        group = definition["spec"]["group"]
        if kind in KINDS and group == "networking.istio.io":
            version = next(v for v in definition["spec"]["versions"] if v["name"] == "v1")
            schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
            found[kind] = _trim(schema, is_schema=True)
    if set(found) != set(KINDS):
        raise SystemExit(f"only {sorted(found)} of {KINDS} found")
    return found


def _trim(node: Any, *, is_schema: bool) -> Any:
    """Drop prose. Under ``properties`` the keys are field names, not keywords."""
    if isinstance(node, list):
        return [_trim(entry, is_schema=is_schema) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _trim(value, is_schema=not (is_schema and key == "properties"))
        for key, value in node.items()
        if not (is_schema and key in DROPPED)
    }


def mesh_fields(text: str) -> list[str]:
    """MeshConfig's own fields, in YAML's spelling."""
    body = text[text.index("message MeshConfig {") :]
    depth = 0
    names = []
    for line in body.splitlines():
        code = line.partition("//")[0]
        if depth == 1 and (match := FIELD.match(code)):
            names.append(_camel(match[1]))
        depth += code.count("{") - code.count("}")
        if depth == 0 and names:
            break
    return sorted(names)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _write(name: str, content: Any) -> None:
    TARGET.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True)
    (TARGET / name).write_text(text + "\n")
    print(f"{TARGET / name}: {len(text)} bytes")


if __name__ == "__main__":
    raise SystemExit(main())
