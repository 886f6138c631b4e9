"""The ingress port on 127.0.0.1: found or checked before anything starts, then kept reserved.

The reservation is a bound socket that never listens, with SO_REUSEPORT, which Envoy sets on
its own listeners too (listener.proto, enable_reuse_port): Envoy may bind, strangers may not.
"""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterable
from typing import Final

from harness.local.contracts import SetupError

NODE_PORTS: Final = range(30000, 32768)
"""Kubernetes' default --service-node-port-range."""
ADDRESS: Final = "127.0.0.1"


class IngressPortError(SetupError):
    """The port cannot be had."""


def reserve(port: int) -> socket.socket:
    """Reserve ``port``, or a free NodePort if 0. The socket's name tells which; keep it open."""
    if port:
        return _reserve(port)
    candidates: Iterable[int] = random.sample(NODE_PORTS, len(NODE_PORTS))
    for candidate in candidates:
        try:
            return _reserve(candidate)
        except IngressPortError:
            continue
    raise IngressPortError(
        f"no port of {NODE_PORTS.start}-{NODE_PORTS.stop - 1} is free on {ADDRESS}",
        "name one with --ingress-port",
    )


def _reserve(port: int) -> socket.socket:
    """Bind plainly first: that fails if anybody, reuse or not, has the port."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # allow TIME_WAIT
            probe.bind((ADDRESS, port))
            probe.listen(1)
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((ADDRESS, port))
    except OSError as error:
        if error.errno == errno.EACCES:
            raise IngressPortError(
                f"ingress port {port}: ports below 1024 need more rights on this machine",
                "leave --ingress-port away, or name a port above 1023",
            ) from error
        raise IngressPortError(
            f"ingress port {port} on {ADDRESS} is taken: {error.strerror}",
            f"stop what listens there (ss -ltnp 'sport = :{port}' shows it), "
            "or leave --ingress-port away to get a free one",
        ) from error
    return held
