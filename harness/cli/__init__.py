"""The ``harness`` command. It must not do anything itself that a test could not do without it.

This module runs on any Python 3, so that too old a one is told so; the commands need 3.11.
"""

import sys

OLDEST = (3, 11)


def main() -> None:
    """Entry point of the console script; exits with the code of the contract."""
    sys.exit(_refuse_old_python(sys.version_info[:2]) or _commands())


def _refuse_old_python(version: "tuple[int, int]") -> int:
    if version >= OLDEST:
        return 0
    print(  # noqa: T201
        "this is Python %d.%d, and the harness needs 3.11 or newer\n"  # noqa: UP031
        "  remedy: make PYTHON=python3.11, or any newer one that is installed" % version,
        file=sys.stderr,
    )
    return 3


def _commands() -> int:
    from harness.cli.commands import run

    return run(sys.argv[1:])
