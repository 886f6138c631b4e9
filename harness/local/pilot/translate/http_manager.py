"""The HTTP connection manager with Istio's settings and access log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import dynamic_forward_proxy_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import MeshConfig
from harness.local.pilot.translate.clusters import dns_cache
from harness.local.pilot.translate.faults import fault_filter
from harness.local.pilot.translate.proto import ads, pack, seconds

Manager = http_connection_manager_pb2.HttpConnectionManager
HttpFilter = http_connection_manager_pb2.HttpFilter

ACCESS_LOG_FORMAT: Final = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" '
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% '
    "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
"""Istio's default text format (istio/istio pilot/pkg/model/telemetry_logging.go)."""


@dataclass(frozen=True, slots=True)
class ConnectionManager:
    """What differs between listeners. ``routes`` is an RDS name or the configuration itself.

    An empty ``server_name`` is Envoy's own, ``envoy``. ``at_edge`` trusts no header about the
    client. ``resolves_hosts`` looks up hosts nobody knows.
    """

    stat_prefix: str
    routes: str | route_pb2.RouteConfiguration
    server_name: str
    at_edge: bool = False
    resolves_hosts: bool = False


def connection_manager(
    mesh: MeshConfig, settings: ConnectionManager
) -> listener_components_pb2.Filter:
    """The network filter that turns a connection into routed requests."""
    manager = Manager(
        stat_prefix=settings.stat_prefix,
        server_name=settings.server_name,
        use_remote_address=wrappers_pb2.BoolValue(value=settings.at_edge),
        normalize_path=wrappers_pb2.BoolValue(value=True),
        stream_idle_timeout=seconds(0),
        upgrade_configs=[Manager.UpgradeConfig(upgrade_type="websocket")],
        access_log=_access_log(mesh),
        http_filters=_filters(settings.resolves_hosts),
    )
    if isinstance(settings.routes, str):
        manager.rds.route_config_name = settings.routes
        manager.rds.config_source.CopyFrom(ads())
    else:
        manager.route_config.CopyFrom(settings.routes)
    return listener_components_pb2.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=pack(manager)
    )


def _filters(resolves_hosts: bool) -> list[http_connection_manager_pb2.HttpFilter]:
    router = HttpFilter(name="envoy.filters.http.router", typed_config=pack(router_pb2.Router()))
    if not resolves_hosts:
        return [fault_filter(), router]
    lookup = dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=dns_cache())
    return [
        fault_filter(),
        HttpFilter(name="envoy.filters.http.dynamic_forward_proxy", typed_config=pack(lookup)),
        router,
    ]


def _access_log(mesh: MeshConfig) -> list[accesslog_pb2.AccessLog]:
    if not mesh.access_log_file:
        return []
    text = substitution_format_string_pb2.SubstitutionFormatString()
    text.text_format_source.inline_string = ACCESS_LOG_FORMAT
    log = file_pb2.FileAccessLog(path=mesh.access_log_file, log_format=text)
    return [accesslog_pb2.AccessLog(name="envoy.access_loggers.file", typed_config=pack(log))]
