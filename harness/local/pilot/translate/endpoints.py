"""Load assignments: which addresses a cluster or subset has."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import Endpoint
from harness.local.pilot.translate.proto import pipe, socket_address


def load_assignment(
    cluster: str, endpoints: Iterable[Endpoint]
) -> endpoint_pb2.ClusterLoadAssignment:
    """The endpoints in one locality, each of weight 1; none at all answers 503 (UH)."""
    members = [
        endpoint_components_pb2.LbEndpoint(
            endpoint=endpoint_components_pb2.Endpoint(
                address=socket_address(endpoint.address, endpoint.port)
            ),
            load_balancing_weight=wrappers_pb2.UInt32Value(value=1),
        )
        for endpoint in endpoints
    ]
    return _assignment(cluster, members)


def socket_assignment(cluster: str, path: str) -> endpoint_pb2.ClusterLoadAssignment:
    """One endpoint behind a Unix socket."""
    member = endpoint_components_pb2.LbEndpoint(
        endpoint=endpoint_components_pb2.Endpoint(address=pipe(path))
    )
    return _assignment(cluster, [member])


def _assignment(
    cluster: str, members: list[endpoint_components_pb2.LbEndpoint]
) -> endpoint_pb2.ClusterLoadAssignment:
    localities = (
        [
            endpoint_components_pb2.LocalityLbEndpoints(
                lb_endpoints=members,
                load_balancing_weight=wrappers_pb2.UInt32Value(value=len(members)),
            )
        ]
        if members
        else []
    )
    return endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster, endpoints=localities)
