"""What a probe looks at: an HTTP answer, an open port, a command, or a proxy's state."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from harness.local.contracts import ProxyState, ProxyStates
from harness.local.node.exchange import Address, exchange
from harness.local.node.probes import Check, Outcome, resolve_port
from harness.local.store import Object

USER_AGENT: Final = "kube-probe/1.37"
Run = Callable[[list[str]], Awaitable[tuple[int, str]]]
"""Run a command in the container: exit code and output."""


def check_of(
    probe: Object, container: Object, pod_ip: str, sockets: Mapping[int, str], run: Run
) -> Check:
    """The check a Probe object describes. ``sockets``: ports served behind a Unix socket."""

    def address(port: int) -> Address:
        return sockets.get(port) or (pod_ip, port)

    async def http() -> Outcome:
        action = probe["httpGet"]
        if action.get("scheme", "HTTP") != "HTTP":
            return Outcome(False, f"httpGet.scheme {action['scheme']} is not implemented; use HTTP")
        headers = {"user-agent": USER_AGENT}
        headers |= {h["name"].lower(): h["value"] for h in action.get("httpHeaders", ())}
        path = "/" + str(action.get("path") or "").lstrip("/")
        try:
            port = resolve_port(action["port"], container)
        except ValueError as error:
            return Outcome(False, str(error))
        try:
            answer = await exchange(address(port), path, headers=headers)
        except (OSError, ValueError) as error:
            return Outcome(
                False, f'Get "http://{pod_ip}:{port}{path}": {_why(error, pod_ip, port)}'
            )
        ok = 200 <= answer.status < 400
        return Outcome(ok, "" if ok else f"HTTP probe failed with statuscode: {answer.status}")

    async def tcp() -> Outcome:
        try:
            port = resolve_port(probe["tcpSocket"]["port"], container)
        except ValueError as error:
            return Outcome(False, str(error))
        try:
            target = address(port)
            if isinstance(target, str):
                _, writer = await asyncio.open_unix_connection(target)
            else:
                _, writer = await asyncio.open_connection(*target)
        except (OSError, ValueError) as error:
            return Outcome(False, _why(error, pod_ip, port))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return Outcome(True)

    async def command() -> Outcome:
        code, output = await run(list(probe["exec"]["command"]))
        return Outcome(code == 0, "" if code == 0 else output.strip() or f"exit code {code}")

    async def unknown() -> Outcome:
        return Outcome(False, "only httpGet, tcpSocket and exec probes are implemented")

    for field, check in (("httpGet", http), ("tcpSocket", tcp), ("exec", command)):
        if field in probe:
            return check
    return unknown


def _why(error: OSError | ValueError, ip: str, port: int) -> str:
    """A failed exchange in the words of kubelet, that is, of Go's net package.

    The port may be served behind a Unix socket, which is the node's own affair.
    """
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ECONNREFUSED, errno.ENOENT):
        return f"dial tcp {ip}:{port}: connect: connection refused"
    if code in (errno.ECONNRESET, errno.EPIPE):
        return f"read tcp {ip}:{port}: read: connection reset by peer"
    return str(error)


def proxy_check(states: ProxyStates, namespace: str, pod: str, admin_socket: str) -> Check:
    """A proxy is ready once it has accepted its configuration and says LIVE.

    Later pushes do not make it unready: only its own /ready counts then, as in Istio
    (source: istio/istio pilot/cmd/pilot-agent/status/ready/probe.go).
    """
    accepted = False

    async def check() -> Outcome:
        nonlocal accepted
        if not accepted:
            state = states.state(namespace, pod)
            if state is ProxyState.REJECTED:
                why = states.rejection(namespace, pod)
                return Outcome(False, f"Envoy proxy is NOT ready: configuration rejected: {why}")
            if state is not ProxyState.SYNCED:
                return Outcome(False, f"Envoy proxy is NOT ready: configuration is {state}")
        try:
            answer = await exchange(admin_socket, "/ready")
        except (OSError, ValueError) as error:
            return Outcome(False, f"Envoy proxy is NOT ready: {error}")
        if answer.status != 200 or not answer.body.startswith(b"LIVE"):
            return Outcome(False, f"Envoy proxy is NOT ready: {answer.body.decode().strip()}")
        accepted = True
        return Outcome(True)

    return check
