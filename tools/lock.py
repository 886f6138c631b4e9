"""Resolves requirements/*.in, and each service's, into hash-locked files for every platform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"),
)


def main() -> int:
    """Lock run.in first; dev.in and the services are constrained to what it chose.

    The older kubectl, which only tests use, is on its own."""
    uv = str(Path(sys.executable).with_name("uv"))
    run_lock = ROOT / "requirements" / "run.txt"
    inputs = [ROOT / "requirements" / "dev.in", *sorted(ROOT.glob("services/*/requirements.in"))]
    jobs: list[list[str | Path]] = [["--upgrade", run_lock.with_suffix(".in"), "-o", run_lock]]
    jobs += [["-c", run_lock, path, "-o", path.with_suffix(".txt")] for path in inputs]
    older = ROOT / "requirements" / "kubectl-1.36.in"
    jobs.append([older, "-o", older.with_suffix(".txt")])
    for job in jobs:
        subprocess.run([uv, *COMPILE[1:], *job], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
