"""Probes: what to look at, how often, and what so many failures mean.

While a container is not ready yet its readiness (and startup) is looked at every FAST_PERIOD,
because start-up time is what people wait for. Kubernetes allows it: "While a container is not
Ready, the readinessProbe may be executed at times other than the configured periodSeconds
interval. This is to make the Pod ready faster" (Configure Liveness, Readiness and Startup
Probes). Looks between two periods can only succeed; failures count once a period, and not before
one period has passed, so that an application that is still starting is not called unhealthy.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from harness.local.store import Object

FAST_PERIOD: Final = 0.05
"""Seconds between looks before the first success."""
FAST_FOR: Final = 15.0
"""Seconds after the container's start during which looks are fast."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look found; ``message`` says why it failed."""

    ok: bool
    message: str = ""


Check = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds and counts as in the Probe object, with the API's defaults."""

    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, probe: Object) -> Timing:
        """Read a Probe; zero means the default, as in Kubernetes."""
        return cls(
            initial_delay=probe.get("initialDelaySeconds") or 0,
            period=probe.get("periodSeconds") or 10,
            timeout=probe.get("timeoutSeconds") or 1,
            successes=probe.get("successThreshold") or 1,
            failures=probe.get("failureThreshold") or 3,
        )


@dataclass(slots=True)
class Verdict:
    """Counts looks in a row until a threshold is reached. ``ok`` is None before that."""

    timing: Timing
    ok: bool | None = None
    _succeeded: int = 0
    _failed: int = 0

    def take(self, outcome: Outcome) -> bool:
        """Count a look; True if the verdict changed."""
        before = self.ok
        if outcome.ok:
            self._succeeded, self._failed = self._succeeded + 1, 0
            if self._succeeded >= self.timing.successes:
                self.ok = True
        else:
            self._succeeded, self._failed = 0, self._failed + 1
            if self._failed >= self.timing.failures:
                self.ok = False
        return self.ok is not before


async def watch(
    check: Check,
    timing: Timing,
    *,
    fast: bool,
    on_failure: Callable[[str], None],
    on_change: Callable[[bool], None],
) -> None:
    """Look for ever: tell each counted failure and each change of verdict. Cancel it to end.

    ``fast`` looks every FAST_PERIOD until the first success.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    counted = started + max(timing.initial_delay, timing.period)
    await _pause(timing.initial_delay if fast else counted - started)
    verdict = Verdict(timing)
    while True:
        outcome = await look(check, timing.timeout)
        now = loop.time()
        if outcome.ok or now >= counted:
            counted = now + timing.period - FAST_PERIOD
            if not outcome.ok:
                on_failure(outcome.message)
            if verdict.take(outcome) and verdict.ok is not None:
                on_change(verdict.ok)
        hurry = fast and not verdict.ok and now - started < FAST_FOR
        await _pause(FAST_PERIOD if hurry else timing.period)


async def look(check: Check, seconds: float) -> Outcome:
    """One look, which may take ``seconds``."""
    try:
        # Not wait_for: in Python 3.11 it swallows a cancellation that comes just after the answer,
        # and the probe would outlive its container.
        async with asyncio.timeout(seconds):
            return await check()
    except TimeoutError:
        return Outcome(False, f"no answer within {seconds:g} s")


def resolve_port(port: Any, container: Object) -> int:
    """A number, or the number of the container's port of that name; ValueError if none."""
    if isinstance(port, int):
        return port
    for declared in container.get("ports", ()):
        if declared.get("name") == port:
            return int(declared["containerPort"])
    raise ValueError(f"container {container['name']} has no port named {port!r}")


async def _pause(seconds: float) -> None:
    """A probe's period: a real timer, which only cancellation ends early."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
