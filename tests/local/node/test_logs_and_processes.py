"""Logs, process groups and executed commands: real processes, no pods."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from harness.local.contracts import LogOptions, NodeError
from harness.local.node.container import Blueprint, Container
from harness.local.node.execution import ProcessSession, start_session
from harness.local.node.logs import ContainerLog
from harness.local.node.process import Launch, Process
from tests.local.node.node_rig import SECONDS, collect


async def read(log: ContainerLog, **options: object) -> str:
    chunks = log.read(LogOptions(**options))  # type: ignore[arg-type]
    return b"".join([chunk async for chunk in chunks]).decode()


def test_a_log_is_read_as_asked(tmp_path: Path):
    async def scenario() -> None:
        now = [1_700_000_000.0]
        log = ContainerLog(tmp_path / "a.log", now=lambda: now[0])
        log.write(b"one\ntw")
        now[0] += 100
        log.write(b"o\nthree")
        assert await read(log) == "one\ntwo\n"
        assert await read(log, tail=1) == "two\n"
        assert await read(log, tail=0) == ""
        assert await read(log, since_seconds=50) == "two\n"
        assert await read(log, limit_bytes=5) == "one\nt"
        assert await read(log, timestamps=True, tail=1) == ("2023-11-14T22:15:00.000000000Z two\n")
        log.close()
        assert await read(log, tail=1) == "three\n"
        lines = (tmp_path / "a.log").read_text().splitlines()
        assert [line.split()[1] for line in lines] == ["one", "two", "three"]

    asyncio.run(scenario())


def test_a_follower_sees_every_line_and_ends_with_the_container(tmp_path: Path):
    async def scenario() -> None:
        log = ContainerLog(tmp_path / "a.log")
        log.write(b"0\n")
        following = asyncio.create_task(read(log, follow=True))
        for number in range(1, 50):
            await asyncio.sleep(0)
            log.write(f"{number}\n".encode())
        log.close()
        assert (await following).split() == [str(number) for number in range(50)]

    asyncio.run(scenario())


def test_memory_and_file_are_bounded(tmp_path: Path):
    async def scenario() -> None:
        log = ContainerLog(tmp_path / "a.log", kept_bytes=1000)
        for number in range(500):
            log.write(f"line {number}\n".encode())
        text = await read(log)
        assert len(text) <= 1000
        assert text.endswith("line 499\n")
        assert (await read(log, tail=10_000)) == text
        log.close()

    asyncio.run(scenario())
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"a.log", "a.log.1"}
    assert max(sizes.values()) <= 1000


async def run(script: str, output: list[bytes], grace: float | None = None) -> int:
    """Exit code of a Python script; with ``grace`` it is stopped once it says something."""
    said = asyncio.Event()

    def hear(data: bytes) -> None:
        output.append(data)
        said.set()

    argv = [sys.executable, "-c", script]
    process = Process(argv, env=dict(os.environ), cwd=Path("/"), on_output=hear)
    if grace is not None:
        await asyncio.wait_for(said.wait(), SECONDS)
        return await process.stop(grace)
    return await asyncio.wait_for(process.wait(), SECONDS)


@pytest.mark.parametrize(
    ("script", "code"),
    [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 15)", 143), ("", 0)],
)
def test_exit_codes(script: str, code: int):
    assert asyncio.run(run(script, [])) == code


def test_the_last_output_is_not_lost():
    output: list[bytes] = []
    script = "import sys; sys.stdout.write('x' * 300_000); sys.stderr.write('end')"
    assert asyncio.run(run(script, output)) == 0
    assert b"".join(output) == b"x" * 300_000 + b"end"


def test_stopping_is_gentle_first():
    gentle = "import signal,sys; signal.signal(15, lambda *_: sys.exit(5)); print('on', flush=True)"
    assert asyncio.run(run(gentle + "; signal.pause()", [], grace=SECONDS)) == 5
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"
    assert asyncio.run(run(stubborn + "\nwhile True: signal.pause()", [], grace=0.1)) == 137


def test_what_a_process_started_ends_with_it():
    script = "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True)"
    output: list[bytes] = []
    assert asyncio.run(run(script, output)) == 0
    child = Path(f"/proc/{int(b''.join(output))}/cmdline")
    assert not child.exists() or child.read_bytes() == b""


LAUNCH = Launch((), {"PATH": os.environ["PATH"], "COLOUR": "teal"}, Path("/tmp"))


def test_stdin_environment_and_exit_code():
    async def scenario() -> None:
        session = start_session(
            LAUNCH, ["sh", "-c", "cat; echo $COLOUR $PWD >&2; exit 9"], stdin=True, tty=False
        )
        collecting = asyncio.create_task(collect(session))
        big = b"y" * 500_000
        await session.write(big)
        await session.close_stdin()
        code, out, err = await asyncio.wait_for(collecting, SECONDS)
        assert (code, len(out), err) == (9, len(big), "teal /tmp\n")
        await session.write(b"too late")

    asyncio.run(scenario())


def test_a_command_waits_for_a_slow_reader():
    async def scenario() -> None:
        session = start_session(LAUNCH, ["sh", "-c", "yes; true"], stdin=False, tty=False)
        seen = 0
        async for _, data in session.output():
            seen += len(data)
            if seen > 5_000_000:
                break
        assert isinstance(session, ProcessSession)
        await session.kill()
        assert await session.exit_code() == 137

    asyncio.run(scenario())


def test_a_terminal_has_a_size_and_ends_on_control_d():
    async def scenario() -> None:
        session = start_session(
            LAUNCH, ["sh", "-c", "cat; stty size; tty; exit 3"], stdin=True, tty=True
        )
        session.resize(101, 31)
        collecting = asyncio.create_task(collect(session))
        await session.write(b"hello\n")
        await session.close_stdin()
        code, out, _ = await asyncio.wait_for(collecting, SECONDS)
        assert code == 3
        assert "hello" in out
        assert "31 101" in out
        assert "/dev/pts/" in out

    asyncio.run(scenario())


def test_control_c_reaches_the_command():
    async def scenario() -> None:
        session = start_session(
            LAUNCH, ["sh", "-c", "trap 'exit 4' INT; echo on; while :; do sleep 0.05; done"],
            stdin=True, tty=True,
        )  # fmt: skip
        output = session.output()
        while b"on" not in (await asyncio.wait_for(anext(output), SECONDS))[1]:
            continue
        await session.write(b"\x03")
        assert await asyncio.wait_for(session.exit_code(), SECONDS) == 4

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["no-such"], 'exec: "no-such": executable file not found in \\$PATH'),
        (["./no-such"], 'exec: "./no-such": no such file or directory'),
        ([], 'exec: ""'),
    ],
)
def test_a_command_that_does_not_exist(command: list[str], words: str):
    with pytest.raises(NodeError, match=words):
        start_session(LAUNCH, command, stdin=False, tty=False)


@pytest.mark.parametrize("tty", [False, True])
def test_a_command_ends_with_the_run_of_its_container(tmp_path: Path, tty: bool):
    async def scenario() -> None:
        restarted = asyncio.Event()

        def changed() -> None:
            if container.running and container.view.restarts == 1:
                restarted.set()

        launch = Launch(("sleep", "777"), LAUNCH.env, LAUNCH.cwd)
        container = Container(
            Blueprint("main", "shop/main:1.0.0", lambda: launch),
            tmp_path,
            restart_policy="Always",
            backoff_base=0,
            waiting="ContainerCreating",
            changed=changed,
            tell=lambda *_: None,
        )
        with pytest.raises(NodeError, match='container not found \\("main"\\)'):
            container.execute(["true"], stdin=False, tty=tty)
        life = asyncio.create_task(container.run())
        await asyncio.sleep(0)
        done = container.execute(["true"], stdin=False, tty=tty)
        assert (await asyncio.wait_for(collect(done), SECONDS))[0] == 0
        first = container.execute(["sleep", "777"], stdin=True, tty=tty)
        os.kill(container.view.pid, signal.SIGKILL)
        assert (await asyncio.wait_for(collect(first), SECONDS))[0] == 137
        await asyncio.wait_for(restarted.wait(), SECONDS)
        second = container.execute(["sleep", "777"], stdin=True, tty=tty)
        await container.stop(0)
        assert (await asyncio.wait_for(collect(second), SECONDS))[0] == 137
        await asyncio.wait_for(life, SECONDS)

    asyncio.run(scenario())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_is_left_open(tmp_path: Path):
    async def scenario() -> None:
        before = open_files()
        for tty in (True, False):
            session = start_session(LAUNCH, ["echo", "hi"], stdin=True, tty=tty)
            assert (await asyncio.wait_for(collect(session), SECONDS))[0] == 0
        assert await run("print('x')", []) == 0
        with pytest.raises(OSError, match="No such file"):
            Process(["true"], env={}, cwd=tmp_path / "none", on_output=lambda data: None)
        assert open_files() == before

    asyncio.run(scenario())


def test_sockets_are_not_inherited():
    async def scenario() -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            output: list[bytes] = []
            script = "import os; print(os.listdir('/proc/self/fd'))"
            await run(script, output)
            assert len(eval(b"".join(output))) <= 4

    asyncio.run(scenario())
