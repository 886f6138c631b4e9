"""logs, exec and port-forward on the wire, with kubectl and the official client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import kubernetes
import pytest
from apiserver_world import World, pod, until
from kubernetes.stream import portforward, stream

from harness.local.apiserver.containers import log_options
from harness.local.apiserver.statuses import Refusal
from harness.local.store import kinds


@pytest.fixture
def cluster(world: World) -> World:
    """A world with a running pod ``one`` and a running pod ``two`` of two containers."""
    two = pod("two")
    two["spec"]["containers"].append({"name": "side", "image": "shop/side:1.0.0"})
    for document in (pod("one"), two):
        running = {**document, "status": {"phase": "Running"}}
        world.do(lambda made=running: world.store.create(kinds.PODS, made, "default"))
    return world


@pytest.fixture
def core(cluster: World) -> Iterator[kubernetes.client.CoreV1Api]:
    with kubernetes.config.new_client_from_config(str(cluster.kubeconfig)) as client:
        yield kubernetes.client.CoreV1Api(client)


def test_logs_and_their_options(cluster: World) -> None:
    shown = cluster.kubectl(
        "logs", "one", "--tail=5", "--since=1m", "--timestamps", "--limit-bytes=9"
    )
    assert shown.out == "first\nsecond\n"
    asked = cluster.node.asked[-1]
    assert (asked.tail, asked.since_seconds, asked.timestamps, asked.limit_bytes) == (
        5,
        60,
        True,
        9,
    )
    assert not asked.follow


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "seconds"),
    [
        ("2026-05-04T11:59:00Z", 60),
        ("2026-05-04T13:59:00+02:00", 60),
        ("2026-05-04T11:58:59.500000001Z", 60.5),
        ("2026-05-04T12:00:01Z", 0),
        ("0001-01-01T00:00:00+23:59", 63_913_579_140),
        ("9999-12-31T23:59:59-23:59", 0),
    ],
)
def test_logs_since_a_time(since: str, seconds: float) -> None:
    assert log_options({"sinceTime": since}, NOON).since_seconds == seconds


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"sinceTime": "yesterday"}, 400, "sinceTime: 'yesterday' is not a time .*RFC 3339"),
        ({"sinceTime": "2026-05-04"}, 400, "is not a time"),
        ({"sinceTime": "2026-05-04T11:59:00"}, 400, "is not a time"),
        ({"sinceTime": "2026-02-30T11:59:00Z"}, 400, "is not a time"),
        (
            {"sinceTime": "2026-05-04T11:59:00Z", "sinceSeconds": "5"},
            422,
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        ({"stream": "Stderr"}, 400, "stream: Stderr is not supported .*stream=All"),
        ({"stream": "Stdout"}, 400, "stream: Stdout is not supported .*stream=All"),
        ({"stream": "stdout"}, 422, 'Unsupported value: "stdout": supported values: "All"'),
    ],
)
def test_logs_that_cannot_be_chosen(query: dict[str, str], code: int, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        log_options(query, NOON)
    assert refused.value.code == code


def test_logs_since_a_time_of_all_streams_by_kubectl_and_the_api(cluster: World) -> None:
    assert cluster.kubectl("logs", "one", "--since-time=2026-05-04T12:00:00Z").out
    assert cluster.node.asked[-1].since_seconds is not None
    path = "/api/v1/namespaces/default/pods/one/log?stream="
    assert cluster.request("GET", path + "All").text == "first\nsecond\n"
    refused = cluster.request("GET", path + "Stderr")
    assert refused.status_code == 400
    assert "in one log" in refused.json()["message"]


def test_logs_of_the_previous_container_say_why_there_are_none(cluster: World) -> None:
    refused = cluster.kubectl("logs", "one", "--previous", code=1)
    assert 'previous terminated container "main" in pod "one" not found' in refused.err


def test_logs_of_a_pod_with_two_containers_need_a_choice(cluster: World) -> None:
    answer = cluster.request("GET", "/api/v1/namespaces/default/pods/two/log")
    assert answer.status_code == 400
    assert "choose one of: [main side]" in answer.json()["message"]
    assert cluster.kubectl("logs", "two", "-c", "side").out == "first\nsecond\n"
    refused = cluster.kubectl("logs", "two", "-c", "other", code=1)
    assert "container other is not valid for pod two" in refused.err


def test_exec_carries_output_and_exit_code(cluster: World) -> None:
    ran = cluster.kubectl("exec", "one", "--", "exit", "7", code=7)
    assert ran.out == "to stdout\n"
    assert ran.err == "to stderr\ncommand terminated with exit code 7\n"


def test_exec_carries_stdin_and_ends_with_it(cluster: World) -> None:
    assert (
        cluster.kubectl("exec", "-i", "one", "--", "cat", stdin="x" * 100_000).out == "x" * 100_000
    )
    assert cluster.node.sessions[-1].killed


def test_exec_of_a_missing_program_says_so(cluster: World) -> None:
    assert (
        "executable file not found" in cluster.kubectl("exec", "one", "--", "missing", code=1).err
    )


def test_exec_by_the_official_client(core: kubernetes.client.CoreV1Api) -> None:
    done = stream(
        core.connect_get_namespaced_pod_exec,
        "one",
        "default",
        command=["exit", "3"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
        _preload_content=False,
    )
    done.run_forever(timeout=10)
    assert done.read_stdout() == "to stdout\n"
    assert done.read_stderr() == "to stderr\n"
    assert done.returncode == 3
    # The client's own close() leaves the TCP connection open once the server has said goodbye.
    done.sock.shutdown()


@contextlib.contextmanager
def talking(call: Any, **options: Any) -> Iterator[Any]:
    """The official client in conversation with pod ``one``, until the block ends."""
    client = stream(call, "one", "default", _preload_content=False, **options)
    try:
        yield client
    finally:
        client.sock.shutdown()


def test_what_the_official_client_writes_as_text_arrives(
    cluster: World, core: kubernetes.client.CoreV1Api
) -> None:
    exec_ = core.connect_get_namespaced_pod_exec
    with talking(exec_, command=["cat"], stdin=True, stdout=True, tty=True) as client:
        client.write_channel(4, json.dumps({"Width": 101, "Height": 31}))
        client.write_stdin("hällo\n")
        assert client.readline_stdout(timeout=10) == "hällo"
    assert cluster.node.sessions[-1].sizes == [(101, 31)]


def test_exec_without_websocket_is_refused(cluster: World) -> None:
    answer = cluster.request("POST", "/api/v1/namespaces/default/pods/one/exec?command=ls&stdout=1")
    assert answer.status_code == 400
    assert "needs a WebSocket upgrade" in answer.json()["message"]


def test_a_command_ends_when_its_client_leaves(cluster: World) -> None:
    with cluster.running("exec", "-i", "one", "--", "cat"):
        cluster.run(until(lambda: bool(cluster.node.sessions)))
    cluster.run(until(lambda: cluster.node.sessions[-1].killed))
    assert cluster.node.sessions[-1].killed


@pytest.mark.parametrize("command", ["cat", "stuck"])
def test_the_server_stops_though_an_exec_client_does_not_read(
    cluster: World, core: kubernetes.client.CoreV1Api, command: str
) -> None:
    with talking(core.connect_get_namespaced_pod_exec, command=[command], stdout=True):
        cluster.until(lambda: bool(cluster.node.sessions))
        cluster.stop_server(within=5)
        assert not cluster.under_way
    session = cluster.node.sessions[-1]
    cluster.do(session.released.set)
    cluster.until(lambda: session.killed)


class UpperCaseServer:
    """A TCP server behind the pod's port 80: answers in capitals."""

    def __init__(self, world: World) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.read(65536):
                writer.write(line.upper())
                await writer.drain()
            writer.close()

        self.server = world.run(asyncio.start_server(serve, "127.0.0.1", 0))
        world.node.port = self.server.sockets[0].getsockname()[1]


@pytest.fixture
def upper(cluster: World) -> Any:
    made = UpperCaseServer(cluster)
    yield made
    cluster.do(made.server.close)


def converse(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_port_forward_by_kubectl_carries_several_connections(
    cluster: World, upper: UpperCaseServer
) -> None:
    with cluster.running("port-forward", "pod/one", ":80") as forwarding:
        assert forwarding.stdout is not None
        line = forwarding.stdout.readline()
        port = int(line.split("127.0.0.1:")[1].split()[0])
        assert converse(port, b"first") == b"FIRST"
        assert converse(port, b"y" * 300_000) == b"Y" * 300_000


def test_port_forward_to_a_closed_port_says_so(cluster: World) -> None:
    with cluster.running("port-forward", "pod/one", ":81") as forwarding:
        assert forwarding.stdout is not None
        assert forwarding.stderr is not None
        port = int(forwarding.stdout.readline().split("127.0.0.1:")[1].split()[0])
        with contextlib.suppress(ConnectionResetError):
            assert converse(port, b"x") == b""
        assert "failed to connect to port 81 of pod one" in forwarding.stderr.readline()


def test_port_forward_by_the_official_client(
    core: kubernetes.client.CoreV1Api, upper: UpperCaseServer
) -> None:
    forward = portforward(core.connect_get_namespaced_pod_portforward, "one", "default", ports="80")
    connection = forward.socket(80)
    connection.settimeout(10)
    connection.sendall(b"hello")
    assert connection.recv(100) == b"HELLO"
    connection.close()
    forward.close()
    for thread in threading.enumerate():
        if thread.name.startswith("Kubernetes port forward"):
            thread.join(10)
    forward.websocket.shutdown()


def test_port_forward_takes_text_frames(
    core: kubernetes.client.CoreV1Api, upper: UpperCaseServer
) -> None:
    with talking(core.connect_get_namespaced_pod_portforward, ports="80") as client:
        client.write_channel(0, "hello\n")
        # The channel begins with the port's number in two bytes, which are characters, too.
        assert client.readline_channel(0, timeout=10) == "P\0HELLO"


def test_the_server_stops_though_a_port_forward_client_does_not_read(
    cluster: World, core: kubernetes.client.CoreV1Api, upper: UpperCaseServer
) -> None:
    with talking(core.connect_get_namespaced_pod_portforward, ports="80"):
        cluster.until(lambda: bool(cluster.under_way))
        cluster.stop_server(within=5)
        assert not cluster.under_way


def test_what_the_node_does_not_do_is_said(cluster: World) -> None:
    for subresource in ("attach", "eviction", "proxy"):
        path = f"/api/v1/namespaces/default/pods/one/{subresource}"
        answer = cluster.request("POST", path)
        assert answer.status_code == 405
        assert f"pods/{subresource}: not supported by the local cluster" in answer.json()["message"]
