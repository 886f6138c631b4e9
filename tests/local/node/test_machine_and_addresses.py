"""What a node needs of its machine: an Envoy that runs, and a block of loopback addresses."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.clusters.envoy import find_envoy
from harness.local.contracts import ProxyState
from harness.local.node import NodeAgent, NodeSetupError
from harness.local.node.addresses import LOCK_FILE, AddressBlock
from harness.local.node.machine import envoy_version, node_object
from harness.local.options import ClusterConfig
from harness.local.store import Store


def test_the_version_is_the_binary_s_own():
    assert asyncio.run(envoy_version(str(find_envoy()))).split(".")[0] == "1"


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "there is no Envoy binary at"),
        ("", 0o644, "is not executable"),
        ("#!/bin/sh\necho cannot execute >&2; exit 126\n", 0o755, "exit code 126, it said: cannot"),
        ("#!/bin/sh\necho hello\n", 0o755, "it said: hello"),
        ("\x7fELF of another machine", 0o755, "does not run on this machine|cannot be executed"),
    ],
)
def test_an_envoy_that_does_not_run_is_a_setup_error(
    tmp_path: Path, content: str | None, mode: int, words: str
):
    binary = tmp_path / "envoy"
    if content is not None:
        binary.write_text(content)
        binary.chmod(mode)
    config = ClusterConfig("test", str(tmp_path), str(tmp_path), str(binary))

    class NoProxies:
        def state(self, namespace: str, pod: str) -> ProxyState:
            return ProxyState.DISCONNECTED

        def rejection(self, namespace: str, pod: str) -> str:
            return ""

    async def start() -> None:
        node = NodeAgent(Store(), config, NoProxies(), str(tmp_path / "ads.sock"))
        try:
            await node.start()
        finally:
            await node.stop()

    with pytest.raises(NodeSetupError, match=words) as refused:
        asyncio.run(start())
    assert "--envoy" in refused.value.remedy


def take(locks: Path, name: str = "one") -> AddressBlock:
    return AddressBlock.take(locks, name)


def test_a_name_keeps_its_block_and_two_never_share_one(tmp_path: Path):
    first = take(tmp_path)
    second = take(tmp_path)
    with tempfile.TemporaryDirectory() as elsewhere:
        third = take(Path(elsewhere))
    assert len({first.cidr, second.cidr, third.cidr}) == 3
    address = first.node_address
    for block in (first, second, third):
        block.close()
    again = take(tmp_path)
    assert again.node_address == address
    again.close()


def test_a_block_in_which_a_stranger_listens_is_left_alone(tmp_path: Path):
    block = take(tmp_path)
    block.close()
    with socket.socket() as stranger:
        stranger.bind((block.node_address.replace(".0.1", ".7.7"), 0))
        stranger.listen(1)
        other = take(tmp_path)
        assert other.cidr != block.cidr
        other.close()


def test_another_process_s_lock_is_respected(tmp_path: Path):
    block = take(tmp_path)
    block.close()
    number = block.node_address.split(".")[1]
    script = (
        "import fcntl,sys; f=open(sys.argv[1],'r+'); "
        "fcntl.lockf(f, fcntl.LOCK_EX, 1, int(sys.argv[2])); print('held', flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / LOCK_FILE), number],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        other = take(tmp_path)
        assert other.cidr != block.cidr
        other.close()
        assert holder.stdin is not None
        holder.stdin.close()


def test_addresses_are_not_reused_soon_and_never_twice(tmp_path: Path):
    block = take(tmp_path)
    try:
        first = block.assign()
        block.release(first)
        seen = {block.assign() for _ in range(600)}
        assert first not in seen
        assert len(seen) == 600
        prefix = block.node_address.removesuffix("0.1")
        assert all(address.startswith(prefix) for address in seen)
        assert not any(address.endswith((".0", ".255")) for address in seen)
        assert block.node_address not in seen
    finally:
        block.close()


def test_the_node_is_ready_and_says_where_it_is():
    node = node_object("127.20.0.1", "127.20.0.0/16", "2026-01-01T00:00:00Z")
    conditions = {c["type"]: c["status"] for c in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert node["status"]["addresses"][0] == {"type": "InternalIP", "address": "127.20.0.1"}
    assert node["status"]["nodeInfo"]["architecture"] in ("amd64", "arm64")
