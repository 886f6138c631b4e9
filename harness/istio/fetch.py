"""Downloads one file, verified by its SHA-256 before anybody can see it.

What arrives lies under a temporary name beside its target and takes the target's name only when
it is whole and its checksum is right: nothing half-written is ever used.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from harness.errors import EnvironmentCannot

CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 30.0
"""Longest pause between two pieces of a download."""
ATTEMPTS: Final = 3
"""A dropped connection or an error of the server's is tried again; a wrong checksum never."""
PIECE: Final = 1 << 18
CHECKSUM: Final = re.compile(r"\b[0-9a-fA-F]{64}\b")
T = TypeVar("T")

COPY: Final = """\
import os, shutil, sys
shutil.copyfile(sys.argv[1], sys.argv[2])
os.chmod(sys.argv[2], 0o755)
"""
PROXY_REMEDY: Final = (
    "check the network, or name a proxy in HTTPS_PROXY; a mirror can be named and files can be "
    "put into the cache by hand (README, 'Without a network')"
)


class DownloadFailed(EnvironmentCannot):
    """A file could not be had, or is not what its checksum says."""


class _Transient(Exception):
    """The connection broke or the server failed: worth another attempt."""


def fetch(url: str, checksum_url: str, target: Path, member: str = "") -> Path:
    """Fetch ``url`` to ``target``, made executable; ``member`` is unpacked from a .tar.gz.

    ``checksum_url`` answers a text that holds the SHA-256 of the file at ``url``. Raises
    DownloadFailed; then ``target`` is as it was.
    """
    wanted = checksum(checksum_url)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".arriving-") as folder:
        arriving = Path(folder) / "file"
        got = _attempts(url, lambda: _download(url, arriving))
        if got != wanted:
            raise DownloadFailed(
                f"{url} has SHA-256 {got}, but {checksum_url} says {wanted}",
                "somebody or something on the way has changed it, or the mirror is not in order; "
                "nothing of it was kept",
            )
        whole = _unpacked(arriving, member, url) if member else arriving
        make_executable(whole, target)
    return target


def make_executable(source: Path, target: Path) -> None:
    """Copy ``source`` to ``target`` as a program, in one step for whoever looks.

    Copied by another process: while this one has a file open for writing, any thread that starts
    a program hands the open file to its child for a moment, and running the file then fails with
    "text file busy" (execve(2), ETXTBSY).
    """
    new = target.with_name(f".{target.name}.new")
    command = [sys.executable, "-IS", "-c", COPY, str(source), str(new)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise DownloadFailed(
            f"{target} cannot be written: {done.stderr.strip().splitlines()[-1]}",
            "make room there, or name another folder in HARNESS_CACHE",
        )
    new.replace(target)


def checksum(url: str) -> str:
    """The SHA-256 in the text at ``url``, in lower case. Raises DownloadFailed."""
    text = _attempts(url, lambda: _text(url))
    found = CHECKSUM.search(text)
    if found is None:
        raise DownloadFailed(
            f"{url} holds no SHA-256 but {text[:80]!r}", "check the mirror, or the proxy's login"
        )
    return found[0].lower()


def redirect_of(url: str) -> str:
    """Where ``url`` redirects to, not followed. Raises DownloadFailed if it does not."""
    with _attempts(url, lambda: _get(url, follow=False)) as answer:
        location = answer.headers.get("Location", "")
    if not location:
        raise DownloadFailed(
            f"{url} does not redirect (status {answer.status_code})",
            "name the release instead of latest, for example ISTIO=1.31.0",
        )
    return location


def _attempts(url: str, once: Callable[[], T]) -> T:
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.2, max=2),
        retry=retry_if_exception_type(_Transient),
        reraise=True,
    )
    try:
        return attempts(once)
    except _Transient as broken:
        raise DownloadFailed(f"{url} could not be fetched: {broken}", PROXY_REMEDY) from broken


def _get(url: str, *, follow: bool = True) -> requests.Response:
    try:
        answer = requests.get(
            url,
            stream=True,
            allow_redirects=follow,
            timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        )
    except requests.RequestException as error:
        raise _Transient(_plain(error)) from error
    if answer.status_code >= 400:
        answer.close()
    if answer.status_code >= 500:
        raise _Transient(f"HTTP status {answer.status_code}")
    if answer.status_code >= 400:
        raise DownloadFailed(
            f"{url} answers HTTP status {answer.status_code}",
            "is it a release, and has it a file for this platform?"
            if answer.status_code == 404
            else PROXY_REMEDY,
        )
    return answer


def _text(url: str) -> str:
    with _get(url) as answer:
        try:
            return answer.text
        except requests.RequestException as error:
            raise _Transient(f"it broke off: {_plain(error)}") from error


def _download(url: str, arriving: Path) -> str:
    """SHA-256 of what came, written to ``arriving``."""
    digest = hashlib.sha256()
    try:
        with _get(url) as answer, arriving.open("wb") as file:
            for piece in answer.iter_content(PIECE):
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except requests.RequestException as error:
        raise _Transient(f"it broke off: {_plain(error)}") from error
    except OSError as error:
        raise DownloadFailed(
            f"{url} cannot be written to {arriving.parent.parent}: {error.strerror}",
            "make room there, or name another folder in HARNESS_CACHE",
        ) from error
    return digest.hexdigest()


def _unpacked(archive: Path, member: str, url: str) -> Path:
    """The one file ``member`` of a .tar.gz, beside it; nothing else is unpacked."""
    target = archive.with_name("member")
    try:
        with tarfile.open(archive, "r:gz") as opened:
            names = [name for name in opened.getnames() if Path(name).name == member]
            source = opened.extractfile(names[0]) if len(names) == 1 else None
            if source is None:
                raise DownloadFailed(f"{url} holds no file {member}", "check the mirror")
            with target.open("wb") as file:
                while piece := source.read(PIECE):
                    file.write(piece)
    except (tarfile.TarError, EOFError) as error:
        raise DownloadFailed(f"{url} is no sound .tar.gz: {error}", "check the mirror") from error
    return target


def _plain(error: Exception) -> str:
    """The innermost cause, without urllib3's object addresses."""
    while (inner := error.__cause__ or error.__context__) and isinstance(inner, Exception):
        error = inner
    return re.sub(r"<[^>]* object at 0x[0-9a-f]+>:? ?", "", str(error)) or type(error).__name__
