"""Commands in a container istio-proxy that the node agent answers itself: ``pilot-agent
request`` and ``curl localhost:15000/…``, which people use to read Envoy's admin interface.

There is no pilot-agent here and no shared network namespace, so both are answered by asking
Envoy on its Unix socket. Source of the words: istio/istio pilot/cmd/pilot-agent/request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.local.node.exchange import exchange
from harness.local.node.execution import AnsweredSession

ADMIN_PORT: Final = 15000
"""Istio's proxyAdminPort."""
USAGE: Final = "usage: pilot-agent request <method> <path> [<body>]"
CURL_SILENT: Final = frozenset(
    ("-s", "--silent", "-S", "--show-error", "-sS", "-Ss", "-g", "-L", "-k", "-q")
)
"""Options that change nothing about the answer."""
CURL_FAIL: Final = frozenset(("-f", "--fail", "-sf", "-fs", "-sSf", "-fsS", "-sfS"))


@dataclass(frozen=True, slots=True)
class AdminCall:
    """One request to the admin interface. ``fail``: an error status is an exit code."""

    method: str
    path: str
    body: bytes = b""
    fail: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command is one of ours, but not one we can do."""

    message: str
    code: int


def understand(command: Sequence[str]) -> AdminCall | Refusal | None:
    """What the command asks of Envoy; None if it is an ordinary command. Pure."""
    program, *arguments = command or ("",)
    match program.rpartition("/")[2]:
        case "pilot-agent":
            return _pilot_agent(arguments)
        case "curl":
            return _curl(arguments)
        case _:
            return None


async def answer(call: AdminCall | Refusal, admin_socket: str) -> AnsweredSession:
    """Ask Envoy. Exit code 1 if it does not answer, or answers with an error that matters."""
    if isinstance(call, Refusal):
        return AnsweredSession(stderr=call.message.encode() + b"\n", code=call.code)
    try:
        got = await exchange(admin_socket, call.path, method=call.method, body=call.body)
    except (OSError, ValueError) as error:
        message = f"Error: Envoy's admin interface does not answer: {error}\n"
        return AnsweredSession(stderr=message.encode(), code=1)
    if call.fail and got.status >= 300:
        message = f"Error: received unsuccessful status code {got.status}: "
        return AnsweredSession(stderr=message.encode() + got.body + b"\n", code=1)
    return AnsweredSession(stdout=got.body)


def _pilot_agent(arguments: Sequence[str]) -> AdminCall | Refusal:
    words = [word for word in arguments if not word.startswith("--debug-port")]
    if not words or words[0] != "request":
        name = words[0] if words else ""
        return Refusal(
            f'Error: unknown command "{name}" for "pilot-agent"; the local cluster answers only '
            f"`pilot-agent request`\n{USAGE}",
            1,
        )
    if len(words) not in (3, 4):
        return Refusal(f"Error: request takes a method and a path\n{USAGE}", 1)
    body = words[3].encode() if len(words) == 4 else b""
    return AdminCall(words[1].upper(), words[2], body)


def _curl(arguments: Sequence[str]) -> AdminCall | Refusal | None:
    """A call of the admin port; any other curl is an ordinary command."""
    method, body, fail = "", b"", False
    path: str | None = None
    unknown: list[str] = []
    rest = iter(arguments)
    for word in rest:
        url = re.fullmatch(rf"(?:http://)?(?:localhost|127\.0\.0\.1):{ADMIN_PORT}(/.*)?", word)
        if url:
            path = url[1] or "/"
        elif word in ("-X", "--request"):
            method = next(rest, "")
        elif word in ("-d", "--data"):
            body = next(rest, "").encode()
        elif word.startswith("-X"):
            method = word[2:]
        elif word in CURL_FAIL:
            fail = True
        elif word not in CURL_SILENT:
            unknown.append(word)
    if path is None:
        return None
    if unknown:
        return Refusal(
            f"curl: the local cluster answers calls of port {ADMIN_PORT} itself and does not know "
            f"{unknown[0]!r}",
            2,
        )
    return AdminCall(method or ("POST" if body else "GET"), path, body, fail)
