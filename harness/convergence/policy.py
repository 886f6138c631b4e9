"""Time-outs, retries and faults in one form, from objects and from Envoy's routes. Pure.

Source: istio/istio, pilot/pkg/networking/core/route/{route.go,retry/retry.go}: without ``retries``
the mesh's defaultHttpRetryPolicy holds, and without that Istio's own; where ``attempts`` is 0 the
route has no retry policy at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.istio import durations

Json = Mapping[str, Any]
FAULT_FILTER: Final = "envoy.filters.http.fault"
DEFAULT_ATTEMPTS: Final = 2
DEFAULT_RETRY_ON: Final = "connect-failure"
"""The first word of Istio's default, in every release."""
OFF: Final = "off"
STATUS_CODES: Final = "retriable-status-codes"
DENOMINATORS: Final = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}


def of_rule(http: Json, mesh_retries: Json | None = None) -> str:
    """What an http rule of a VirtualService implies; ``mesh_retries`` hold where it has none.

    An empty rule gives what a service without any has.
    """
    fault = http.get("fault") or {}
    retries = http.get("retries")
    return _words(
        _milliseconds(http.get("timeout")),
        ", ".join(_rule_retries(mesh_retries if retries is None else retries)),
        {name: _rule_fault(fault[name]) for name in ("delay", "abort") if fault.get(name)},
    )


def of_route(route: Json) -> str:
    """What an Envoy route has."""
    action = route.get("route")
    if action is None:
        return ""
    fault = (route.get("typed_per_filter_config") or {}).get(FAULT_FILTER) or {}
    return _words(
        _milliseconds(action.get("timeout")),
        ", ".join(_route_retries(action.get("retry_policy"))),
        {name: _route_fault(fault[name]) for name in ("delay", "abort") if fault.get(name)},
    )


def _words(timeout: float, retries: str, faults: Mapping[str, str]) -> str:
    parts = [f"time-out {timeout:g} ms"] if timeout else []
    parts += [f"retries {retries}"] if retries else []
    parts += [f"{name} {words}" for name, words in sorted(faults.items())]
    return "; ".join(parts)


def _rule_retries(retries: Json | None) -> Iterator[str]:
    if retries is None:
        return
    attempts = int(retries.get("attempts", 0))
    if attempts <= 0:
        yield OFF
        return
    words = [word for word in retries.get("retryOn", "").split(",") if word]
    codes = [word for word in words if word.isdigit()]
    named = [word for word in words if not word.isdigit()]
    if codes and STATUS_CODES not in named:
        named.append(STATUS_CODES)
    yield from _retries(attempts, named, codes, _milliseconds(retries.get("perTryTimeout")))


def _route_retries(policy: Json | None) -> Iterator[str]:
    if policy is None:
        yield OFF
        return
    named = [word for word in policy.get("retry_on", "").split(",") if word]
    codes = [str(code) for code in policy.get("retriable_status_codes", ())]
    attempts = int(policy.get("num_retries", 1))
    yield from _retries(attempts, named, codes, _milliseconds(policy.get("per_try_timeout")))


def _retries(attempts: int, named: list[str], codes: list[str], each: float) -> Iterator[str]:
    is_default = not named or (named[0] == DEFAULT_RETRY_ON and len(named) > 1)
    if is_default and attempts == DEFAULT_ATTEMPTS and not each:
        return
    yield str(attempts)
    if each:
        yield f"{each:g} ms each"
    if not is_default:
        yield "on " + "+".join(sorted((*named, *codes)))


def _rule_fault(fault: Json) -> str:
    share = float((fault.get("percentage") or {}).get("value", 0))
    return _fault(fault.get("httpStatus"), fault.get("fixedDelay"), share)


def _route_fault(fault: Json) -> str:
    percentage = fault.get("percentage") or {}
    whole = DENOMINATORS[percentage.get("denominator", "HUNDRED")]
    share = 100.0 * percentage.get("numerator", 0) / whole
    return _fault(fault.get("http_status"), fault.get("fixed_delay"), share)


def _fault(status: int | None, delay: str | None, share: float) -> str:
    what = f"{_milliseconds(delay):g} ms" if delay else str(status)
    return f"{what} for {share:g} %"


def _milliseconds(duration: str | None) -> float:
    return durations.milliseconds(duration) if duration else 0.0
