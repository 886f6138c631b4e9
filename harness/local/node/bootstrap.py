"""The bootstrap of a proxy: who it is, where its configuration comes from. Pure.

Everything else (listeners, routes, clusters) comes from the ADS server.
Source: istio/istio tools/packaging/common/envoy_bootstrap.json.
"""

from __future__ import annotations

from typing import Any, Final

from harness.local.contracts import ProxyIdentity

XDS_CLUSTER: Final = "xds-grpc"
"""As Istio calls it."""
DOWNSTREAM_MONITOR: Final = "envoy.resource_monitors.global_downstream_max_connections"
UNLIMITED: Final = 2_147_483_647
"""Istio's limit of connections; without one Envoy warns at every start."""
PRIVATE: Final = 0o600
HTTP2_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def bootstrap(
    identity: ProxyIdentity, cluster: str, ads_socket: str, admin_socket: str
) -> dict[str, Any]:
    """Envoy's bootstrap as JSON data. ``cluster`` is the service cluster, ``app.namespace``."""
    ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {"id": identity.node_id, "cluster": cluster, "metadata": identity.metadata()},
        "admin": {
            "address": {"pipe": {"path": admin_socket, "mode": PRIVATE}},
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": DOWNSTREAM_MONITOR,
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.resource_monitors."
                        "downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": UNLIMITED,
                    },
                }
            ]
        },
        "layered_runtime": {
            "layers": [
                {
                    "name": "deprecation",
                    "static_layer": {
                        # RE2 programs of Istio's size; paths with a fragment as Istio has them.
                        "re2.max_program_size.error_level": 32768,
                        "envoy.reloadable_features.http_reject_path_with_fragment": False,
                    },
                },
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "dynamic_resources": {
            "lds_config": ads,
            "cds_config": ads,
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": XDS_CLUSTER}}],
            },
        },
        "static_resources": {
            "clusters": [
                {
                    "name": XDS_CLUSTER,
                    "type": "STATIC",
                    "connect_timeout": "1s",
                    "load_assignment": {
                        "cluster_name": XDS_CLUSTER,
                        "endpoints": [
                            {
                                "lb_endpoints": [
                                    {"endpoint": {"address": {"pipe": {"path": ads_socket}}}}
                                ]
                            }
                        ],
                    },
                    "typed_extension_protocol_options": {
                        HTTP2_OPTIONS: {
                            "@type": f"type.googleapis.com/{HTTP2_OPTIONS}",
                            "explicit_http_config": {"http2_protocol_options": {}},
                        }
                    },
                }
            ]
        },
    }
