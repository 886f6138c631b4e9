"""Small constructors for Envoy messages that several nouns need."""

from __future__ import annotations

import ipaddress

from envoy.config.core.v3 import address_pb2, base_pb2, config_source_pb2
from google.protobuf import any_pb2, duration_pb2, message, struct_pb2


def pack(inner: message.Message) -> any_pb2.Any:
    """A typed extension's configuration; the same message gives the same bytes."""
    packed = any_pb2.Any()
    packed.Pack(inner, deterministic=True)
    return packed


def seconds(number: int) -> duration_pb2.Duration:
    """A duration of whole seconds."""
    return duration_pb2.Duration(seconds=number)


def milliseconds(number: int) -> duration_pb2.Duration:
    """A duration of whole milliseconds."""
    return duration_pb2.Duration(seconds=number // 1000, nanos=number % 1000 * 1_000_000)


def socket_address(address: str, port: int) -> address_pb2.Address:
    """A TCP address: an IP, or a host name where the cluster type resolves names."""
    return address_pb2.Address(
        socket_address=address_pb2.SocketAddress(address=address, port_value=port)
    )


def pipe(path: str) -> address_pb2.Address:
    """A Unix socket."""
    return address_pb2.Address(pipe=address_pb2.Pipe(path=path))


def ads() -> config_source_pb2.ConfigSource:
    """This stream, waiting without limit for the first answer, as Istio configures it."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(),
        resource_api_version=config_source_pb2.ApiVersion.V3,
        initial_fetch_timeout=seconds(0),
    )


def is_ip(address: str) -> bool:
    """Whether the address needs no resolution."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def istio_config(plural_singular: str, namespace: str, name: str) -> base_pb2.Metadata:
    """Filter metadata naming the Istio object that a resource came from, in Istio's form.

    Source: istio/istio pilot/pkg/networking/util, BuildConfigInfoMetadata.
    """
    path = f"/apis/networking.istio.io/v1alpha3/namespaces/{namespace}/{plural_singular}/{name}"
    return base_pb2.Metadata(
        filter_metadata={
            "istio": struct_pb2.Struct(fields={"config": struct_pb2.Value(string_value=path)})
        }
    )
