"""A Dockerfile, as far as starting its image as a plain process needs it. Pure.

Read are CMD, ENTRYPOINT, ENV and EXPOSE of the last stage. WORKDIR, COPY, USER and RUN are
about the image's file system, which a plain process does not have; for the same reason a PATH
set by ENV is left out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field


class DockerfileError(ValueError):
    """The Dockerfile does not say how to start the image."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image starts, with which environment, and the ports it says it serves."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()


def parse(text: str) -> ImageConfig:
    """Read a Dockerfile; DockerfileError if neither CMD nor ENTRYPOINT is in its last stage."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    ports: list[int] = []
    for instruction, rest in _instructions(text):
        match instruction:
            case "FROM":
                entrypoint, command, environment, ports = (), (), {}, []
            case "CMD":
                command = _command(rest)
            case "ENTRYPOINT":
                entrypoint, command = _command(rest), ()
            case "ENV":
                for name, value in _assignments(rest):
                    environment[name] = _expand(value, environment)
            case "EXPOSE":
                ports += [int(port.partition("/")[0]) for port in rest.split()]
    if not entrypoint and not command:
        raise DockerfileError("its last stage has neither CMD nor ENTRYPOINT")
    environment.pop("PATH", None)
    return ImageConfig(entrypoint, command, environment, tuple(ports))


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Instruction and argument, comments dropped and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    for line in joined.splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction:
            yield instruction.upper(), rest.strip()


def _command(rest: str) -> tuple[str, ...]:
    """Exec form as given; shell form through the shell, as Docker does."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError as error:
            raise DockerfileError(f"{rest} is not a JSON array of strings") from error
        if not all(isinstance(word, str) for word in words):
            raise DockerfileError(f"{rest} is not a JSON array of strings")
        return tuple(words)
    return ("/bin/sh", "-c", rest)


def _assignments(rest: str) -> Iterator[tuple[str, str]]:
    """``ENV A=1 B="x y"``, or the old form ``ENV A rest of the line``."""
    words = shlex.split(rest)
    if words and "=" not in words[0]:
        name, _, value = rest.partition(" ")
        yield name, value.strip()
        return
    for word in words:
        name, _, value = word.partition("=")
        yield name, value


def _expand(value: str, environment: dict[str, str]) -> str:
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda m: environment.get(m[1] or m[2], ""), value)
