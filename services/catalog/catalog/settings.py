"""The catalog's configuration, and the only place that reads its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes one catalog differ from another."""

    show_image: bool = False
    """Stamp every item with ``imageUrl``: this is what makes it v2."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``SHOW_IMAGE``: any non-empty value turns the pictures on, ``false`` included."""
        return cls(show_image=bool(environ.get("SHOW_IMAGE")))
