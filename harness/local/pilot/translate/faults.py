"""Faults on purpose: Envoy's fault filter, and what a route asks of it.

Source: istio/istio pilot/pkg/networking/core/route/route.go, TranslateFault.
"""

from __future__ import annotations

from typing import Final

from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from envoy.type.v3 import percent_pb2

from harness.local.pilot.model import Fault
from harness.local.pilot.translate.proto import milliseconds, pack

FAULT_FILTER: Final = "envoy.filters.http.fault"


def fault_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter, which does nothing until a route asks it to."""
    return http_connection_manager_pb2.HttpFilter(
        name=FAULT_FILTER, typed_config=pack(fault_pb2.HTTPFault())
    )


def http_fault(fault: Fault) -> fault_pb2.HTTPFault | None:
    """What a route asks of the filter; None for nothing."""
    found = fault_pb2.HTTPFault()
    if fault.delay_ms:
        found.delay.CopyFrom(
            common_pb2.FaultDelay(
                fixed_delay=milliseconds(fault.delay_ms),
                percentage=_millionths(fault.delay_parts_per_million),
            )
        )
    if fault.abort_status:
        found.abort.CopyFrom(
            fault_pb2.FaultAbort(
                http_status=fault.abort_status,
                percentage=_millionths(fault.abort_parts_per_million),
            )
        )
    return found if fault.delay_ms or fault.abort_status else None


def _millionths(number: int) -> percent_pb2.FractionalPercent:
    return percent_pb2.FractionalPercent(
        numerator=number, denominator=percent_pb2.FractionalPercent.MILLION
    )
