"""Writes the evidence as files, within a bound: what a person wants to look at afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.diagnosis.evidence import Evidence

LARGEST_FILE: Final = 512 * 1024
"""Bytes of one file; of logs the end is kept, of all else the beginning."""
LARGEST_BUNDLE: Final = 8 * 1024 * 1024
"""Bytes of all files of a run together."""
CUT: Final = "[cut to {kept} of {whole} bytes]\n"
_OBJECTS: Final = (
    "gateways", "virtual_services", "destination_rules", "service_entries",
    "services", "slices", "pods", "deployments", "events",
)  # fmt: skip


def write(evidence: Evidence, folder: Path, room: int = LARGEST_BUNDLE) -> int:
    """Write objects, logs and dumps into ``folder``; returns the bytes written, at most ``room``.

    What finds no room is listed in ``notes.txt``, as is what could not be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left_out: list[str] = []
    notes_room = min(room, LARGEST_FILE // 8)
    written = 0
    for path, text, is_log in _files(evidence):
        data = _cut(text.encode(errors="backslashreplace"), is_log)
        if written + len(data) > room - notes_room:
            left_out.append(f"{path}: left out, the bundle is full")
            continue
        (folder / path).write_bytes(data)
        written += len(data)
    if notes := [*evidence.notes, *left_out]:
        data = "".join(f"{note}\n" for note in notes).encode(errors="backslashreplace")[:notes_room]
        (folder / "notes.txt").write_bytes(data)
        written += len(data)
    return written


def _files(evidence: Evidence) -> Iterator[tuple[str, str, bool]]:
    """File name, content, and whether it is a log."""
    for kind in _OBJECTS:
        found = getattr(evidence, kind)
        if found:
            yield f"{kind}.json", json.dumps(found, indent=1) + "\n", False
    for where, log in evidence.logs.items():
        if log:
            yield f"{where.replace('/', '_')}.log", log, True
    for where, dump in evidence.dumps.items():
        file = where.replace("config_dump?mask=dynamic_route_configs", "routes")
        file = file.replace("clusters?format=json", "clusters")
        yield f"{file.replace('/', '_')}.json", dump, False


def _cut(data: bytes, is_log: bool) -> bytes:
    if len(data) <= LARGEST_FILE:
        return data
    mark = CUT.format(kept=LARGEST_FILE, whole=len(data)).encode()
    kept = LARGEST_FILE - len(mark)
    return mark + data[-kept:] if is_log else data[:kept] + mark
