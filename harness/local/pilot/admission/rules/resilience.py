"""Time-outs, retries and faults of an http rule.

Source: istio/istio pkg/config/validation/validation.go, validateHTTPRetry and
validateHTTPFaultInjection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from harness.local.contracts import FieldProblem
from harness.local.pilot.admission.rules.values import duration, invalid, percentage, required

Json = Mapping[str, Any]
RETRY_ON: Final = frozenset((
    "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure",
    "retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers",
    "envoy-ratelimited", "http3-post-connect-failure",
    "cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
))  # fmt: skip
"""Envoy's words, for HTTP and gRPC (Envoy, x-envoy-retry-on and x-envoy-retry-grpc-on)."""
STATUS_CODES: Final = frozenset(str(status.value) for status in HTTPStatus)


def problems(path: str, rule: Json) -> Iterator[FieldProblem]:
    """Everything wrong with them."""
    if "timeout" in rule:
        yield from duration(f"{path}.timeout", rule["timeout"])
    if "retries" in rule:
        yield from _retries(f"{path}.retries", rule["retries"] or {})
    if "fault" in rule:
        yield from _fault(f"{path}.fault", rule["fault"] or {})


def _retries(path: str, retries: Json) -> Iterator[FieldProblem]:
    attempts = retries.get("attempts", 0)
    if attempts < 0:
        yield invalid(f"{path}.attempts", attempts, "attempts cannot be negative")
    if attempts == 0 and (retries.get("perTryTimeout") or retries.get("retryOn")):
        why = "http retry policy configured when attempts are set to 0 (disabled)"
        yield invalid(f"{path}.attempts", attempts, why)
    if "perTryTimeout" in retries:
        yield from duration(f"{path}.perTryTimeout", retries["perTryTimeout"])
    for word in filter(None, retries.get("retryOn", "").split(",")):
        if word not in RETRY_ON | STATUS_CODES:
            yield invalid(f"{path}.retryOn", word, f'"{word}" is not a valid retryOn policy')


def _fault(path: str, fault: Json) -> Iterator[FieldProblem]:
    if not fault.get("abort") and not fault.get("delay"):
        yield required(path, "HTTP fault injection must have an abort and/or a delay")
    if delay := fault.get("delay"):
        yield from percentage(f"{path}.delay.percentage", delay.get("percentage"))
        if "fixedDelay" not in delay:
            yield required(f"{path}.delay.fixedDelay", "a delay needs its length")
        else:
            yield from duration(f"{path}.delay.fixedDelay", delay["fixedDelay"])
    if abort := fault.get("abort"):
        yield from percentage(f"{path}.abort.percentage", abort.get("percentage"))
        status = abort.get("httpStatus", 0)
        if "httpStatus" not in abort:
            yield required(f"{path}.abort.httpStatus", "abort configured, but error type not set")
        elif not 200 <= status <= 599:
            why = f"HTTP status {status} is not in range 200-599"
            yield invalid(f"{path}.abort.httpStatus", status, why)
