"""``harness e2e``: the pytest run of tests/e2e, its exit code translated."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

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


def walk(options: Sequence[str]) -> int:
    """Run the chapter; 0 passed, 1 a step failed or was interrupted, 2 usage, 3 the machine."""
    witness = _Witness()
    code = pytest.main(
        [
            str(E2E_TESTS),
            f"--rootdir={ROOT}",
            f"--config-file={ROOT / 'pyproject.toml'}",
            # Plugins of other tools take seconds to import, and none has a part in a run.
            "--disable-plugin-autoload",
            *("-p", "no:cacheprovider"),
            *("--no-header", "-v", "--tb=short", "-rN"),
            *options,
        ],
        plugins=[witness],
    )
    if code == 3:
        return 1 if witness.internal_error else 3
    return CODES.get(pytest.ExitCode(code), 1)
