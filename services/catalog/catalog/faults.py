"""Faults that a workshop switches on by hand, to see what clients make of a failing pod.

Decides only; carrying a fault out is the application's part.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

_LONGEST_LATENCY_MS: Final = 600_000
_KEYS: Final = ("type", "active", "percentage", "latencyMs", "volatile")


class FaultType(StrEnum):
    """What can go wrong, as /blowup spells it."""

    LATENCY = "latency"
    DROP = "drop"
    ERROR = "500"


class InvalidFault(ValueError):
    """A rule is not acceptable; the message names the field and what it should be."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One fault. It fires on ``percentage`` percent of the requests: 0 never, 100 always.

    ``latency_ms`` is the delay in milliseconds; with ``volatile`` it is drawn evenly from
    0..latency_ms. Both concern the type ``latency`` only.
    """

    type: FaultType
    active: bool = True
    percentage: float = 100
    latency_ms: float = 1000
    volatile: bool = False

    @classmethod
    def parse(cls, body: object) -> Self:
        """Check decoded JSON. Raises InvalidFault with the first fault found."""
        fields = _object(body)
        for key in fields:
            if key not in _KEYS:
                raise InvalidFault(f"{key} is not a field of a fault: {', '.join(_KEYS)}")
        return cls(
            type=parse_type(body),
            active=_boolean(fields, "active", True),
            percentage=_number(fields, "percentage", 100, 100),
            latency_ms=_number(fields, "latencyMs", 1000, _LONGEST_LATENCY_MS),
            volatile=_boolean(fields, "volatile", False),
        )

    def as_json_object(self) -> dict[str, str | bool | float]:
        """The rule as /blowup takes it and shows it."""
        return {
            "type": self.type.value,
            "active": self.active,
            "percentage": self.percentage,
            "latencyMs": self.latency_ms,
            "volatile": self.volatile,
        }


def parse_type(body: object) -> FaultType:
    """The ``type`` of a decoded JSON object. Raises InvalidFault if it names no fault."""
    value = _object(body).get("type")
    if not isinstance(value, str) or value not in list(FaultType):
        raise InvalidFault(f"type must be one of {', '.join(FaultType)}, not {value!r}")
    return FaultType(value)


def _object(body: object) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise InvalidFault("the body must be a JSON object")
    return body


def _boolean(body: Mapping[str, object], key: str, default: bool) -> bool:
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise InvalidFault(f"{key} must be true or false, not {value!r}")
    return value


def _number(body: Mapping[str, object], key: str, default: float, most: float) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidFault(f"{key} must be a number from 0 to {most:g}, not {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class Effect:
    """What one request suffers: a delay in seconds, then perhaps an end."""

    delay: float = 0.0
    end: FaultType | None = None


class Faults:
    """The rules of one process, one per type. ``draw`` returns a number in [0, 1)."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._lock = threading.Lock()
        self._rules: dict[FaultType, FaultRule] = {}

    def rules(self) -> tuple[FaultRule, ...]:
        """All rules, in the order in which they are applied."""
        rules = self._rules
        return tuple(rules[each] for each in FaultType if each in rules)

    def set(self, rule: FaultRule) -> None:
        """Add the rule, or replace the one of its type."""
        with self._lock:
            self._rules = {**self._rules, rule.type: rule}

    def remove(self, fault_type: FaultType) -> bool:
        """Remove the type's rule. False if there was none."""
        with self._lock:
            left = {each: rule for each, rule in self._rules.items() if each != fault_type}
            removed = len(left) < len(self._rules)
            self._rules = left
        return removed

    def strike(self) -> Effect:
        """Draw what the next request suffers. Latency adds to the others; drop beats 500."""
        delay = 0.0
        for rule in self.rules():
            # draw() is below 1, so 100 percent always fires and 0 never does.
            if not rule.active or self._draw() >= rule.percentage / 100:
                continue
            if rule.type is not FaultType.LATENCY:
                return Effect(delay, rule.type)
            delay = rule.latency_ms / 1000 * (self._draw() if rule.volatile else 1)
        return Effect(delay)
