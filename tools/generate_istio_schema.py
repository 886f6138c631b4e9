"""Write harness/local/apiserver/schema/istio.json from Istio's own CRDs, for ``kubectl explain``.

    .venv/bin/python tools/generate_istio_schema.py customresourcedefinitions.gen.yaml

The file is ``kubernetes/customresourcedefinitions.gen.yaml`` of the module istio.io/api at the
release followed. All served versions of a kind share one schema; the storage version's is taken.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = ("DestinationRule", "Gateway", "ServiceEntry", "VirtualService")
KEPT = (
    "additionalProperties", "description", "enum", "format", "items", "maxItems", "maxLength",
    "minItems", "minLength", "pattern", "properties", "required", "type",
    "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields",
)  # fmt: skip
TARGET = Path(__file__).parent.parent / "harness/local/apiserver/schema/istio.json"


def kept(schema: Any) -> Any:
    """The schema without the validation that the pilot does itself (oneOf, CEL)."""
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for key in KEPT:
        if key not in schema:
            continue
        value = schema[key]
        if key == "properties":
            value = {name: kept(each) for name, each in value.items()}
        elif key in ("items", "additionalProperties"):
            value = kept(value)
        result[key] = value
    return result


def main() -> None:
    """One line per kind."""
    found = {}
    for document in yaml.safe_load_all(Path(sys.argv[1]).read_text("utf-8")):
        if not document or document["spec"]["names"]["kind"] not in KINDS:
            continue
        version = next(each for each in document["spec"]["versions"] if each["storage"])
        schema = kept(version["schema"]["openAPIV3Schema"])
        found[document["spec"]["names"]["kind"]] = schema
    missing = set(KINDS) - set(found)
    if missing:
        raise SystemExit(f"the file has no CRD of {', '.join(sorted(missing))}")
    lines = [
        f"{json.dumps(kind)}:{json.dumps(found[kind], sort_keys=True, separators=(',', ':'))}"
        for kind in sorted(found)
    ]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(found)} kinds, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
