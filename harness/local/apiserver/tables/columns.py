"""The vocabulary of a table: columns, and how their common cells are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from harness.local.store import Object

Cells = Callable[[Object, datetime], Sequence[Any]]

NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``wide`` ones show with ``-o wide`` only."""

    name: str
    type: str = "string"
    wide: bool = False
    description: str = ""

    def definition(self) -> dict[str, Any]:
        """As a metav1.TableColumnDefinition."""
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": self.description or f"{self.name} of the object.",
            "priority": 1 if self.wide else 0,
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind and the function that fills them, in the same order."""

    columns: tuple[Column, ...]
    cells: Cells


def columns(normal: str, wide: str = "") -> tuple[Column, ...]:
    """Columns from comma-separated names; ``Restarts`` and other counts are integers."""
    return tuple(
        Column(name.strip(), "integer" if name.strip() in _INTEGERS else "string", is_wide)
        for text, is_wide in ((normal, False), (wide, True))
        for name in text.split(",")
        if name.strip()
    )


_INTEGERS: Final = frozenset(
    {"Desired", "Current", "Up-to-date", "Available", "Data", "Secrets", "Count"}
)


def age(moment: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was, as kubectl's AGE column writes it."""
    if not moment:
        return UNKNOWN
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return "<invalid>"
    return human_duration((now - then.astimezone(UTC)).total_seconds())


def human_duration(seconds: float) -> str:
    """Source: k8s.io/apimachinery/pkg/util/duration.HumanDuration."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = whole // 3600
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 365 * 2:
        return f"{days}d"
    years = days // 365
    if years < 8:
        return f"{years}y{days % 365}d" if days % 365 else f"{years}y"
    return f"{years}y"


def created(obj: Object, now: datetime) -> str:
    """The AGE column."""
    return age(obj["metadata"].get("creationTimestamp"), now)


def joined(items: Sequence[str], nothing: str = NONE) -> str:
    """Comma-separated, or what stands for nothing."""
    return ",".join(items) or nothing


def selector(labels: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` in alphabetical order."""
    return joined([f"{key}={value}" for key, value in sorted((labels or {}).items())])


def label_selector(wanted: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector as text (source: metav1.FormatLabelSelector)."""
    wanted = wanted or {}
    terms = [f"{key}={value}" for key, value in sorted((wanted.get("matchLabels") or {}).items())]
    for expression in wanted.get("matchExpressions") or ():
        key, operator = expression.get("key", ""), expression.get("operator", "")
        values = ",".join(sorted(expression.get("values") or ()))
        terms.append(
            {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(
                operator, f"!{key}"
            )
        )
    return joined(terms)
