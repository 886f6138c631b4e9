"""What an http rule says of faults, time-outs and retries, as its effect on a request. Pure.

Sources: istio.io, reference of HTTPFaultInjection and HTTPRetry; envoyproxy.io, router filter,
x-envoy-retry-on. A fault without a percentage hits nobody; without ``retries`` Istio tries twice
more what certainly did not reach anybody; ``attempts: 0`` switches retries off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.diagnosis.evidence import Json
from harness.istio import durations

GATEWAY_ERRORS: Final = (502, 503, 504)
CUT_OFF: Final = frozenset(("5xx", "gateway-error", "reset"))
"""Words that retry an attempt which perTryTimeout ended: to Envoy it was reset, not answered."""
ISTIO: Final = "Istio"
MESH: Final = "mesh"
OFF: Final = "switches retries off (attempts: 0)"
DEFAULT_ATTEMPTS: Final = 2
DEFAULT_WORDS: Final = (
    "connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Duration:
    """A time as it is written, and in milliseconds."""

    text: str
    milliseconds: float

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Fault:
    """An abort with ``status``, or else a ``delay``; ``share`` of the requests, from 0 to 1."""

    share: float
    status: int = 0
    delay: Duration | None = None
    has_percentage: bool = True

    def __str__(self) -> str:
        """A verb with its objects, for a sentence about a rule."""
        none = "" if self.has_percentage else " (it has no percentage)"
        if self.delay:
            return f"delays {self.share:.0%}{none} of the calls by {self.delay}"
        return f"answers {self.status} to {self.share:.0%}{none} of the calls"


@dataclass(frozen=True, slots=True)
class Retries:
    """Further attempts after the first: for which ends of one, and how long each may take."""

    attempts: int
    words: tuple[str, ...]
    each: Duration | None = None
    default_of: str = ""
    """Whose they are where the rule sets none: ``Istio`` or ``mesh``."""

    def covers(self, status: int) -> bool:
        """Whether an answer with that status is followed by another attempt."""
        return bool(self.attempts) and (
            str(status) in self.words
            or ("5xx" in self.words and 500 <= status <= 599)
            or ("gateway-error" in self.words and status in GATEWAY_ERRORS)
        )

    @property
    def covers_cut_off(self) -> bool:
        """Whether an attempt that its time-out ended is followed by another."""
        return bool(self.attempts) and bool(CUT_OFF & set(self.words))

    def __str__(self) -> str:
        """A verb with its objects, for a sentence about a rule."""
        if self.default_of == ISTIO:
            return "sets no retries, and Istio's own are for calls that reached nobody"
        said = f"retries on {','.join(self.words)}" if self.attempts else OFF
        if self.default_of == MESH:
            return f"sets no retries, and the mesh's defaultHttpRetryPolicy {said}"
        return said


def abort_of(http: Json) -> Fault | None:
    """The answer that a rule gives instead of the destination."""
    abort = (http.get("fault") or {}).get("abort")
    if not abort:
        return None
    return Fault(_share(abort), int(abort.get("httpStatus", 0)), None, "percentage" in abort)


def delay_of(http: Json) -> Fault | None:
    """The time that a rule lets requests wait before it sends them on."""
    delay = (http.get("fault") or {}).get("delay")
    if not delay:
        return None
    length = _duration(delay.get("fixedDelay")) or Duration("0s", 0.0)
    return Fault(_share(delay), 0, length, "percentage" in delay)


def timeout_of(http: Json) -> Duration | None:
    """How long a request may take with all its attempts; None for any time."""
    return _duration(http.get("timeout"))


def retries_of(http: Json, of_mesh: Json | None = None) -> Retries:
    """The retries a rule asks for, or the mesh's (defaultHttpRetryPolicy), or Istio's own."""
    retries = http.get("retries")
    default_of = MESH if retries is None else ""
    retries = of_mesh if retries is None else retries
    if retries is None:
        return Retries(DEFAULT_ATTEMPTS, DEFAULT_WORDS, default_of=ISTIO)
    words = tuple(word for word in retries.get("retryOn", "").split(",") if word)
    return Retries(
        int(retries.get("attempts", 0)),
        words or DEFAULT_WORDS,
        _duration(retries.get("perTryTimeout")),
        default_of,
    )


def _share(fault: Json) -> float:
    return float((fault.get("percentage") or {}).get("value", 0)) / 100


def _duration(text: str | None) -> Duration | None:
    return Duration(text, durations.milliseconds(text)) if text else None
