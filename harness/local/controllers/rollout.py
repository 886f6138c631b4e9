"""How many pods each ReplicaSet of a Deployment may have next: arithmetic only.

Source: kubernetes/pkg/controller/deployment/rolling.go and util/deployment_util.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """One ReplicaSet's numbers: asked for, and available."""

    name: str
    replicas: int
    available: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """``surge`` pods above and ``unavailable`` pods below ``desired`` are allowed."""

    desired: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """Pods there may be in all."""
        return self.desired + self.surge

    @property
    def least(self) -> int:
        """Pods that must be available."""
        return self.desired - self.unavailable


def bounds(desired: int, max_surge: int | str, max_unavailable: int | str) -> Bounds:
    """Resolve percentages: surge rounds up, unavailable down, and both cannot be zero."""
    surge = resolve(max_surge, desired, up=True)
    unavailable = min(resolve(max_unavailable, desired, up=False), desired)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(desired, surge, min(unavailable, desired))


def resolve(value: int | str, total: int, *, up: bool) -> int:
    """An integer, or a percentage of ``total``; ValueError if it is neither."""
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f"{value!r} is neither a number nor a percentage such as 25%")
    exact = total * int(value[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)


def new_replicas(limit: Bounds, current: int, others: int) -> int:
    """Pods for the new ReplicaSet that has ``current``, when old ones ask for ``others``."""
    if current >= limit.desired:
        return limit.desired
    room = limit.most - (current + others)
    return current + max(0, min(room, limit.desired - current))


def old_replicas(limit: Bounds, new: Scale, old: Sequence[Scale]) -> dict[str, int]:
    """Pods for each old ReplicaSet (given oldest first): broken pods go first, then others."""
    counts = {scale.name: scale.replicas for scale in old}
    total = new.replicas + sum(counts.values())
    removable = total - limit.least - (new.replicas - new.available)
    for scale in old:
        broken = max(0, min(scale.replicas - scale.available, removable))
        counts[scale.name] -= broken
        removable -= broken
    spare = new.available + sum(scale.available for scale in old) - limit.least
    for scale in old:
        fewer = max(0, min(counts[scale.name], spare, removable))
        counts[scale.name] -= fewer
        spare -= fewer
        removable -= fewer
    return counts
