"""Looks at processes from outside, by what /proc says of them."""

from __future__ import annotations

from pathlib import Path


def parents() -> dict[int, int]:
    """pid → parent's pid of every process that is not a zombie."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] != "Z":
            found[int(entry.name)] = int(fields[1])
    return found


def descendants(pid: int) -> set[int]:
    """``pid`` and every process below it."""
    below = {pid}
    table = parents()
    while more := {child for child, parent in table.items() if parent in below} - below:
        below |= more
    return below & set(table)


def commands(pids: set[int]) -> list[str]:
    """Command lines, for messages."""
    lines = []
    for pid in sorted(pids):
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        lines.append(f"{pid}: {raw.replace(bytes(1), b' ').decode(errors='replace')}")
    return lines


def alive(pids: set[int]) -> set[int]:
    """Those that still run."""
    return pids & set(parents())
