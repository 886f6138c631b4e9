"""What the rooms of the local cluster ask of each other, as protocols.

The rooms import this module and the store, never one another; ``harness.local.rooms``
connects them, and ``harness.local.process`` the API server with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from harness.local.store import Object, Resource

ROOT_NAMESPACE: Final = "istio-system"
"""Where mesh-wide configuration lives."""
MESH_CONFIG_MAP: Final = "istio"
"""ConfigMap in ROOT_NAMESPACE; its key ``mesh`` holds MeshConfig as YAML, as in Istio."""
INJECTION_LABEL: Final = "istio-injection"
"""Namespace label; ``enabled`` injects. Pods override it by label sidecar.istio.io/inject."""
INJECTED_ANNOTATION: Final = "sidecar.istio.io/status"
"""Set on a pod at creation when it was injected."""
PROXY_CONTAINER: Final = "istio-proxy"
"""Container name of Envoy, in sidecar and gateway pods alike."""
PROXY_IMAGE_NAME: Final = "proxyv2"
"""Last path element of the image whose container is an Envoy."""


# --- start --------------------------------------------------------------------------------------


class SetupError(Exception):
    """This machine cannot run the cluster. ``reason`` names what and why, ``remedy`` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


# --- admission (given by the pilot, asked by the API server) --------------------------------


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault of an object. ``reason`` is a metav1.CauseType such as FieldValueNotSupported."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


@dataclass(frozen=True, slots=True)
class Admission:
    """The judgement on one object: refused if there are problems; warnings are sent along.

    ``unknown_fields`` are paths of fields that Istio does not have; the API server words and
    weighs them by the request's fieldValidation (Strict refuses).
    """

    problems: Sequence[FieldProblem] = ()
    unknown_fields: Sequence[str] = ()
    warnings: Sequence[str] = ()


class Admit(Protocol):
    """Judge a new or changed object of an Istio kind; must not change it and must not do I/O."""

    def __call__(self, resource: Resource, obj: Object) -> Admission:
        """The judgement."""


# --- the node agent (asked by the API server) -----------------------------------------------


class NodeError(Exception):
    """The node cannot do it; ``code`` and ``reason`` go into the Status."""

    def __init__(self, message: str, code: int = 400, reason: str = "BadRequest") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Query of ``pods/log``. ``tail`` lines, None for all; ``since_seconds`` None for no limit."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    since_seconds: float | None = None
    limit_bytes: int | None = None


class ExecSession(Protocol):
    """A running command in a container."""

    async def write(self, data: bytes) -> None:
        """Give bytes to stdin."""

    async def close_stdin(self) -> None:
        """End stdin."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks as (1 stdout | 2 stderr, bytes), until the command ends."""

    async def exit_code(self) -> int:
        """Wait for the end; negative signals become 128 + signal."""

    async def kill(self) -> None:
        """End the command and what it started."""

    def resize(self, width: int, height: int) -> None:
        """Terminal size in characters; ignored without a terminal."""


class NodeAgent(Protocol):
    """What the API server asks of the kubelet."""

    def logs(
        self, namespace: str, pod: str, container: str, options: LogOptions
    ) -> AsyncIterator[bytes]:
        """The container's log. The first iteration raises NodeError if there is none."""

    async def execute(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool,
        tty: bool,
    ) -> ExecSession:
        """Start a command in the container's environment. NodeError if it cannot start."""

    async def dial(self, namespace: str, pod: str, port: int) -> tuple[Any, Any]:
        """(asyncio.StreamReader, StreamWriter) connected to the pod's port, for port-forward."""


# --- proxies: node metadata (written by the node agent, read by the pilot) --------------------


class ProxyType(StrEnum):
    """As in Istio's node ids: ``sidecar~IP~pod.namespace~namespace.svc.cluster.local``."""

    SIDECAR = "sidecar"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class ProxyIdentity:
    """Who a proxy is. Travels as Envoy's node id and metadata, so any ADS server could read it.

    Metadata keys follow Istio (NAME, NAMESPACE, LABELS, INSTANCE_IPS); what only the local
    cluster needs is under LOCAL: {"inbound": {"3000": "/path/app.sock"}, "outbound_port": 15001}.
    """

    type: ProxyType
    ip: str
    pod: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    inbound: Mapping[int, str] = field(default_factory=dict)
    """containerPort → Unix socket of the application behind it."""
    outbound_port: int = 15001
    """Port on ``ip`` of the explicit-proxy listener (sidecars only)."""

    @property
    def node_id(self) -> str:
        """Envoy's node id in Istio's form."""
        return (
            f"{self.type}~{self.ip}~{self.pod}.{self.namespace}~{self.namespace}.svc.cluster.local"
        )

    def metadata(self) -> dict[str, Any]:
        """Envoy's node metadata."""
        return {
            "NAME": self.pod,
            "NAMESPACE": self.namespace,
            "INSTANCE_IPS": self.ip,
            "LABELS": dict(self.labels),
            "LOCAL": {
                "inbound": {str(port): path for port, path in self.inbound.items()},
                "outbound_port": self.outbound_port,
            },
        }

    @classmethod
    def parse(cls, node_id: str, metadata: Mapping[str, Any]) -> ProxyIdentity:
        """The inverse of ``node_id`` and ``metadata``; ValueError names what is wrong."""
        parts = node_id.split("~")
        if len(parts) != 4 or parts[0] not in list(ProxyType):
            raise ValueError(f"node id {node_id!r} is not of the form type~ip~pod.namespace~domain")
        pod, _, namespace = parts[2].rpartition(".")
        local = metadata.get("LOCAL", {})
        return cls(
            type=ProxyType(parts[0]),
            ip=parts[1],
            pod=pod,
            namespace=namespace,
            labels=dict(metadata.get("LABELS", {})),
            inbound={int(port): path for port, path in local.get("inbound", {}).items()},
            outbound_port=int(local.get("outbound_port", 15001)),
        )


# --- proxies: state (kept by the pilot, asked by the node agent and the API server) -----------


class ProxyState(StrEnum):
    """How far a proxy is, by its acknowledgements."""

    DISCONNECTED = "disconnected"
    SYNCING = "syncing"
    SYNCED = "synced"
    REJECTED = "rejected"


class ProxyStates(Protocol):
    """What the pilot knows of each connected proxy."""

    def state(self, namespace: str, pod: str) -> ProxyState:
        """SYNCED once the newest configuration of every type is acknowledged."""

    def rejection(self, namespace: str, pod: str) -> str:
        """Envoy's words for what it rejected last and still has not accepted; or empty."""


# --- the outside world ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutsideWorld:
    """Where traffic that leaves the mesh goes: a stand-in's address, or (None) the real world."""

    stand_in: tuple[str, int] | None = None
