"""Starts the cluster's process.

Most of its start is importing, and a fifth of that would go to the garbage collector looking
through objects that stay for good.
"""

from __future__ import annotations

import gc


def main() -> int:
    """Import the rooms with the collector off, then run the cluster; returns its exit code."""
    gc.disable()
    from harness.local.process import main as run

    gc.freeze()
    gc.enable()
    return run()


if __name__ == "__main__":
    raise SystemExit(main())
