"""The child that makes the credentials: what becomes of its failures."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own: it forks, and this one has threads.
SCRIPT = """
import os
from harness.local import certificates
from harness.local.issuing import Issuing

def issue():
    {}

certificates.issue = issue
Issuing().wait()
"""


@pytest.mark.parametrize(
    ("body", "child", "parent"),
    [
        ("raise OSError('no entropy')", "OSError: no entropy", "ended with exit code 1"),
        ("os.kill(os.getpid(), 9)", "", "was killed by signal 9"),
    ],
)
def test_a_child_that_fails_is_an_error_that_says_how(body: str, child: str, parent: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(body)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert child in done.stderr
    assert f"RuntimeError: the credentials could not be made: their process {parent}" in done.stderr
