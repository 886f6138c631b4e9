"""Pod spec → blueprints: what each container executes, with which environment and probes.

An application of an injected pod is put behind a Unix socket per port, which its sidecar serves
on the pod's address; its way out is the sidecar's explicit-proxy listener (http_proxy). Without
a sidecar the application has the pod's address to itself, and its way out is direct.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.local.contracts import (
    INJECTED_ANNOTATION,
    ProxyIdentity,
    ProxyStates,
    ProxyType,
)
from harness.local.node import images
from harness.local.node.bootstrap import PRIVATE, bootstrap
from harness.local.node.checks import Run, check_of, proxy_check
from harness.local.node.container import Blueprint, Probe
from harness.local.node.dockerfile import ImageConfig
from harness.local.node.environment import Lookup, container_environment, expand
from harness.local.node.errors import CannotStart
from harness.local.node.probes import Timing
from harness.local.node.process import Launch
from harness.local.store import Object

OUTBOUND_PORT: Final = 15001
"""Port of the explicit proxy on the pod's address: Istio's outbound port."""
VOLUMES_WITHOUT_CONTENT: Final = frozenset(("name", "emptyDir"))
PROXY_TIMING: Final = Timing(period=1, timeout=3, failures=4)
"""As Istio's injected readiness probe, but looked at every second (Istio: 15 s)."""
ENVOY_FLAGS: Final = (
    *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
    # As Istio starts it: connections of a replaced listener are let go at once.
    *("--drain-time-s", "45", "--drain-strategy", "immediate"),
    # Access log lines appear at once (default: after 10 s), for people and for mirror checks.
    *("--file-flush-interval-msec", "100"),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod finds on its node. ``services`` are those of its namespace, at each start."""

    folder: Path
    ip: str
    host_ip: str
    services_folder: Path
    envoy: str
    ads_socket: str
    states: ProxyStates
    services: Callable[[], Iterable[Object]]
    lookup: Lookup


def is_injected(pod: Object) -> bool:
    """A sidecar was added to the pod."""
    return INJECTED_ANNOTATION in pod["metadata"].get("annotations", {})


def is_proxy(container: Object) -> bool:
    """The container is an Envoy: a sidecar or a gateway."""
    return images.is_proxy_image(container["image"])


def admin_socket(folder: Path) -> str:
    """Envoy's admin interface in a pod's folder."""
    return str(folder / "admin.sock")


def proxy_identity(pod: Object, around: Surroundings) -> ProxyIdentity:
    """Who the pod's Envoy is, as it tells the ADS server."""
    metadata = pod["metadata"]
    sidecar = is_injected(pod)
    inbound = {
        port: path
        for container in pod["spec"]["containers"]
        if sidecar and not is_proxy(container)
        for port, path in app_sockets(container, around).items()
    }
    return ProxyIdentity(
        type=ProxyType.SIDECAR if sidecar else ProxyType.ROUTER,
        ip=around.ip,
        pod=metadata["name"],
        namespace=metadata["namespace"],
        labels=dict(metadata.get("labels", {})),
        inbound=inbound,
        outbound_port=OUTBOUND_PORT,
    )


def app_sockets(container: Object, around: Surroundings) -> dict[int, str]:
    """Port → Unix socket of an injected application; the image's EXPOSE if the pod names none."""
    return {port: str(around.folder / f"{port}.sock") for port in _served_ports(container, around)}


def proxy_blueprint(pod: Object, container: Object, around: Surroundings) -> Blueprint:
    """The pod's Envoy."""
    metadata = pod["metadata"]

    def launch() -> Launch:
        identity = proxy_identity(pod, around)
        app = metadata.get("labels", {}).get("app", metadata["name"])
        config = bootstrap(
            identity,
            f"{app}.{metadata['namespace']}",
            around.ads_socket,
            admin_socket(around.folder),
        )
        path = around.folder / "envoy.json"
        _write_private(path, json.dumps(config, indent=1))
        environment = _environment(pod, container, around, {})
        return Launch((around.envoy, "-c", str(path), *ENVOY_FLAGS), environment, around.folder)

    check = proxy_check(
        around.states, metadata["namespace"], metadata["name"], admin_socket(around.folder)
    )
    return Blueprint(
        container["name"],
        container["image"],
        launch,
        {"readiness": Probe("readiness", check, PROXY_TIMING)},
    )


def app_blueprint(pod: Object, container: Object, around: Surroundings, run: Run) -> Blueprint:
    """An application, started as its image's Dockerfile says or as the pod overrides."""
    injected = is_injected(pod)

    def launch() -> Launch:
        _refuse_volumes(pod, container)
        image = images.resolve(container["image"], around.services_folder)
        environment = _environment(pod, container, around, image.config.environment)
        if injected:
            binds = [f"unix:{path}" for path in app_sockets(container, around).values()]
        else:
            binds = [f"{around.ip}:{port}" for port in _served_ports(container, around)]
        environment["GUNICORN_CMD_ARGS"] = " ".join(
            [
                environment.get("GUNICORN_CMD_ARGS", ""),
                "--no-control-socket",
                *(f"--bind {bind}" for bind in binds),
            ]
        ).strip()
        if injected:
            environment |= _way_out(around.ip)
        argv = without_bind(_argv(container, image.config, environment))
        if shutil.which(argv[0], path=environment["PATH"]) is None and "/" not in argv[0]:
            raise CannotStart(
                "RunContainerError", f'exec: "{argv[0]}": executable file not found in $PATH'
            )
        return Launch(argv, environment, image.folder)

    probes = {}
    for kind in ("readiness", "liveness", "startup"):
        if spec := container.get(f"{kind}Probe"):
            sockets = app_sockets(container, around) if injected else {}
            check = check_of(spec, container, around.ip, sockets, run)
            probes[kind] = Probe(kind, check, Timing.of(spec))
    return Blueprint(container["name"], container["image"], launch, probes)


def without_bind(argv: tuple[str, ...]) -> tuple[str, ...]:
    """A gunicorn command line without --bind: there it would outweigh GUNICORN_CMD_ARGS.

    Source: docs.gunicorn.org/en/stable/configure.html (order of settings).
    """
    if "gunicorn" not in {argv[0].rpartition("/")[2], *argv[1:3]}:
        return argv
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word in ("-b", "--bind"):
            next(words, None)
        elif not word.startswith("--bind=") and not (word.startswith("-b") and ":" in word):
            kept.append(word)
    return tuple(kept)


def _argv(container: Object, image: ImageConfig, environment: Mapping[str, str]) -> tuple[str, ...]:
    """``command`` replaces ENTRYPOINT and CMD, ``args`` replaces CMD, as in Kubernetes."""
    command, args = container.get("command"), container.get("args")
    if command:
        words = [*command, *(args or ())]
    else:
        words = [*image.entrypoint, *(args if args else image.command)]
        if not args:
            return tuple(words)
    return tuple(expand(word, environment) for word in words)


def _served_ports(container: Object, around: Surroundings) -> list[int]:
    declared = [port["containerPort"] for port in container.get("ports", ())]
    if declared:
        return declared
    try:
        return list(images.resolve(container["image"], around.services_folder).config.ports)
    except CannotStart:
        return []


def _environment(
    pod: Object, container: Object, around: Surroundings, image: Mapping[str, str]
) -> dict[str, str]:
    temporary = around.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    base = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin")),
        "HOME": str(around.folder),
        "TMPDIR": str(temporary),
        "HOSTNAME": pod["metadata"]["name"],
        "LANG": "C.UTF-8",
    }
    return container_environment(
        pod,
        container,
        base=base,
        image=image,
        services=around.services(),
        lookup=around.lookup,
        addresses={"podIP": around.ip, "hostIP": around.host_ip},
    )


def _way_out(ip: str) -> dict[str, str]:
    """Outbound HTTP through the sidecar; 127.0.0.1 is never captured, in Istio neither."""
    proxy, direct = f"http://{ip}:{OUTBOUND_PORT}", "localhost,127.0.0.1"
    return {"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": direct, "NO_PROXY": direct}


def _refuse_volumes(pod: Object, container: Object) -> None:
    mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
    for volume in pod["spec"].get("volumes", ()):
        kinds: set[Any] = set(volume) - VOLUMES_WITHOUT_CONTENT
        if kinds and volume["name"] in mounted:
            raise CannotStart(
                "CreateContainerConfigError",
                f"volume {volume['name']!r}: {kinds.pop()} volumes are not implemented by the "
                "local cluster (a container sees this machine's files); use env or configMapKeyRef",
            )


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
