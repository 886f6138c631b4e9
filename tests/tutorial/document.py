"""A tutorial as blocks: commands with what they answer, and files that are shown. Pure.

What a reader sees is what is run. A fenced block is one of

- ``console``: lines beginning with ``$`` are commands (a backslash at the end goes on in the next
  line); what follows is their output;
- ``yaml`` under a comment ``<!-- file: PATH -->``: the whole content of that file;
- anything else, or either of these under ``<!-- not run: REASON -->``: not run, and says why.

In an output ``…`` stands for anything within the line, and alone on a line for any lines; two
blanks or more stand for any width of a column. ``<!-- numbers: LOW..HIGH -->`` above a block says
that outputs that are one number may be any in that range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

FENCE = re.compile(r"```(\w*)\s*$")
DIRECTIVE = re.compile(r"<!-- (file|not run|numbers): (.*?) -->\s*$")
RANGE = re.compile(r"(\d+)\.\.(\d+)$")
ANY = "…"
RUNNABLE = ("console", "yaml", "bash", "sh", "shell")


class NotSound(Exception):
    """A block that says neither how it is proven nor why it is not."""


@dataclass(frozen=True)
class Command:
    """One command and the output that is shown for it."""

    line: int
    text: str
    output: tuple[str, ...]
    numbers: tuple[int, int] | None = None


@dataclass(frozen=True)
class Shown:
    """A file as it is shown."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Skipped:
    """A block that is not run, and why."""

    line: int
    reason: str


Block = Command | Shown | Skipped


def blocks(text: str) -> Iterator[Block]:
    """Every block in order. NotSound names the line of one that is neither run nor excused."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opened = FENCE.match(lines[number])
        if not opened:
            number += 1
            continue
        start = number
        number += 1
        while lines[number].rstrip() != "```":
            number += 1
        content = lines[start + 1 : number]
        number += 1
        directive = DIRECTIVE.match(lines[start - 1]) if start else None
        yield from _block(start + 1, opened[1], content, directive)


def _block(
    line: int, language: str, content: Sequence[str], directive: re.Match[str] | None
) -> Iterator[Block]:
    kind, value = (directive[1], directive[2]) if directive else ("", "")
    if kind == "not run":
        yield Skipped(line, value)
    elif kind == "file":
        yield Shown(line, value, "\n".join(content) + "\n")
    elif language == "console":
        numbers = None
        if kind == "numbers":
            if not (found := RANGE.match(value)):
                raise NotSound(f"line {line - 1}: {value!r} is no range such as 5..40")
            numbers = (int(found[1]), int(found[2]))
        for command in _commands(line, content):
            yield replace(command, numbers=numbers)
    elif language in RUNNABLE:
        raise NotSound(
            f"line {line}: a {language} block names neither its file nor why it is not run"
        )


def _commands(line: int, content: Sequence[str]) -> Iterator[Command]:
    current: Command | None = None
    goes_on = False
    for offset, text in enumerate(content, start=1):
        if goes_on and current:
            current = replace(current, text=f"{current.text}\n{text}")
        elif text.startswith("$ "):
            if current:
                yield current
            current = Command(line + offset, text[2:], ())
        elif current is None:
            raise NotSound(f"line {line + offset}: output without a command: {text!r}")
        else:
            current = replace(current, output=(*current.output, text))
            continue
        goes_on = text.endswith("\\")
    if current:
        yield current


def differences(command: Command, said: str) -> str:
    """Empty if what was said is what is shown; else both, for a person to compare."""
    actual = [line.rstrip() for line in said.splitlines()]
    expected = [line.rstrip() for line in command.output]
    if command.numbers:
        low, high = command.numbers
        if len(actual) == 1 and actual[0].strip().isdigit() and len(expected) == 1:
            if low <= int(actual[0]) <= high:
                return ""
            return f"{actual[0].strip()} is not within {low}..{high}"
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == ANY else f"{_pattern(line)}\n" for line in expected
    )
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in actual)):
        return ""
    return "\n".join(("shown:", *expected, "said:", *actual))


def _pattern(line: str) -> str:
    parts = re.split(rf"({ANY}|  +)", line)
    return "".join(
        ".*?" if part == ANY else r"\s+" if part.startswith("  ") else re.escape(part)
        for part in parts
    )
