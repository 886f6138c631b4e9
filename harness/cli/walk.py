"""``harness e2e``: the pytest run of tests/e2e, its exit code translated."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from harness.chapter import lesson
from harness.cli.live import NAME, LiveView
from harness.repository import E2E_TESTS, ROOT

CODES = {
    pytest.ExitCode.OK: 0,
    pytest.ExitCode.TESTS_FAILED: 1,
    pytest.ExitCode.INTERRUPTED: 1,
    pytest.ExitCode.USAGE_ERROR: 2,
    pytest.ExitCode.NO_TESTS_COLLECTED: 2,
}
"""pytest's codes in the contract's terms; 3 is decided in ``walk``."""


class _Witness:
    """Tells a fault of pytest or of the harness (its code is 3, too) from one of the machine."""

    def __init__(self) -> None:
        self.internal_error = False

    def pytest_internalerror(self) -> None:
        """Called by pytest when a hook raises."""
        self.internal_error = True


class _Named:
    """Registers the view under its name: pytest gives plugins of an argument none."""

    def __init__(self, view: LiveView) -> None:
        self._view = view

    def pytest_configure(self, config: pytest.Config) -> None:
        """Called before anything is collected."""
        config.pluginmanager.register(self._view, NAME)


def walk(options: Sequence[str], lesson_name: str = "") -> int:
    """Run the chapter; 0 passed, 1 a step failed or was interrupted, 2 usage, 3 the machine.

    A terminal gets a live view, anything else a line a step.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as opened:
            return _run(options, lesson_name, opened)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: object) -> None:
    """SIGTERM as Ctrl-C: what was started has to be ended, and the report written."""
    raise KeyboardInterrupt


def _run(options: Sequence[str], lesson_name: str, opened: ExitStack) -> int:
    witness = _Witness()
    plugins: list[object] = [witness]
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        # Past pytest's capture, which takes descriptor 1 away.
        terminal = opened.enter_context(os.fdopen(os.dup(sys.stdout.fileno()), "w"))
        plugins.append(_Named(LiveView(lesson(lesson_name), terminal)))
        # The options of pyproject.toml are for the reporter that is left out.
        shown = ["-p", "no:terminal", "-o", "addopts="]
    else:
        shown = ["--no-header", "-v", "--tb=short", "-rN"]
    code = pytest.main(
        [
            str(E2E_TESTS),
            f"--rootdir={ROOT}",
            f"--config-file={ROOT / 'pyproject.toml'}",
            # Plugins of other tools take seconds to import, and none has a part in a run.
            "--disable-plugin-autoload",
            *("-p", "no:cacheprovider"),
            *shown,
            *options,
        ],
        plugins=plugins,
    )
    if code == 3:
        return 1 if witness.internal_error else 3
    return CODES.get(pytest.ExitCode(code), 1)
