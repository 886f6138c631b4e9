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

    The older kubectl, which only tests use, and the matrix's Envoys are on their own."""
    uv = str(Path(sys.executable).with_name("uv"))
    run_lock = ROOT / "requirements" / "run.txt"
    inputs = [ROOT / "requirements" / "dev.in", *sorted(ROOT.glob("services/*/requirements.in"))]
    jobs: list[list[str | Path]] = [["--upgrade", run_lock.with_suffix(".in"), "-o", run_lock]]
    jobs += [["-c", run_lock, path, "-o", path.with_suffix(".txt")] for path in inputs]
    requirements = ROOT / "requirements"
    alone = [requirements / "kubectl-1.36.in", *sorted(requirements.glob("envoys/*.in"))]
    # Not with_suffix: to it, 1.36 has one already.
    jobs += [[path, "-o", path.with_name(f"{path.name.removesuffix('.in')}.txt")] for path in alone]
    for job in jobs:
        subprocess.run([uv, *COMPILE[1:], *job], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
