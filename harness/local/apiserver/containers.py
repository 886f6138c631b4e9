"""``pods/log`` and ``pods/exec``: which container is meant, and the node agent's streams."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from harness.local.apiserver import channels
from harness.local.apiserver.options import flag, integer
from harness.local.apiserver.statuses import Refusal, bad_request, status_of
from harness.local.contracts import LogOptions, NodeAgent, NodeError
from harness.local.store import Object

DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339, which is narrower than what datetime reads."""


def choose_container(pod: Object, asked: str) -> str:
    """The container asked for, or the only one; Refusal 400 names the choices otherwise."""
    spec = pod["spec"]
    containers = [container["name"] for container in spec["containers"]]
    initial = [container["name"] for container in spec.get("initContainers") or ()]
    name = pod["metadata"]["name"]
    if asked:
        if asked in (*containers, *initial):
            return asked
        raise bad_request(f"container {asked[:100]} is not valid for pod {name}")
    annotated = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    if annotated in containers:
        return str(annotated)
    if len(containers) == 1:
        return str(containers[0])
    also = f" or one of the init containers: [{' '.join(initial)}]" if initial else ""
    raise bad_request(
        f"a container name must be specified for pod {name}, choose one of: "
        f"[{' '.join(containers)}]{also}"
    )


def log_options(query: Mapping[str, str], now: datetime) -> LogOptions:
    """Query of ``pods/log``; Refusal 400 or 422 for values that are none."""
    _check_stream(query.get("stream", ""))
    return LogOptions(
        follow=flag(query, "follow"),
        previous=flag(query, "previous"),
        timestamps=flag(query, "timestamps"),
        tail=integer(query, "tailLines"),
        since_seconds=_since(query, now),
        limit_bytes=integer(query, "limitBytes"),
    )


def _since(query: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of ``sinceSeconds``, or to ``sinceTime``."""
    seconds, time = integer(query, "sinceSeconds"), query.get("sinceTime", "")
    if not time:
        return seconds
    if seconds is not None:
        raise _invalid("at most one of `sinceTime` or `sinceSeconds` may be specified")
    return max(0.0, (now - _time(time)).total_seconds())


def _time(text: str) -> datetime:
    if TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # A day or an hour that does not exist: refused like any other text.
    raise bad_request(
        f"sinceTime: {text[:40]!r} is not a time in the form of RFC 3339, "
        "such as 2026-01-31T12:00:00Z"
    )


def _check_stream(stream: str) -> None:
    if stream in ("Stdout", "Stderr"):
        raise bad_request(
            f"stream: {stream} is not supported by the local cluster, which keeps the output of a "
            "container in one log; use stream=All or leave it out"
        )
    if stream not in ("", "All"):
        raise _invalid(
            f'stream: Unsupported value: "{stream[:40]}": supported values: "All", "Stderr", '
            '"Stdout"'
        )


def _invalid(problem: str) -> Refusal:
    return Refusal(422, "Invalid", f"PodLogOptions is invalid: {problem}")


async def stream_log(request: web.BaseRequest, node: NodeAgent, pod: Object) -> web.StreamResponse:
    """Answer with the container's log; a refusal of the node agent is a proper Status."""
    container = choose_container(pod, request.query.get("container", ""))
    metadata = pod["metadata"]
    options = log_options(request.query, datetime.now(UTC))
    chunks = node.logs(metadata["namespace"], metadata["name"], container, options)
    first = await anext(chunks, b"")
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    if first:
        await response.write(first)
    async for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


async def execute(request: web.BaseRequest, node: NodeAgent, pod: Object) -> web.StreamResponse:
    """Run a command over WebSocket. What cannot start is told over the error channel."""
    query: MultiMapping[str] = request.query
    command: Sequence[str] = query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least one command for the container")
    wanted = frozenset(
        channel
        for channel, name in (
            (channels.STDIN, "stdin"), (channels.STDOUT, "stdout"), (channels.STDERR, "stderr"),
        )
        if flag(query, name)
    )  # fmt: skip
    if not wanted:
        raise bad_request("you must specify at least one of stdin, stdout, stderr")
    container = choose_container(pod, query.get("container", ""))
    socket = await channels.prepare(request)
    metadata = pod["metadata"]
    try:
        session = await node.execute(
            metadata["namespace"],
            metadata["name"],
            container,
            command,
            stdin=channels.STDIN in wanted,
            tty=flag(query, "tty"),
        )
    except NodeError as error:
        await channels.refuse(socket, status_of(error))
        return socket
    await channels.converse(socket, session, wanted)
    return socket
