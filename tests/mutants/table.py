"""docs/mutants.md, written from the mutants themselves: ``python -m tests.mutants.table``."""

from __future__ import annotations

from pathlib import Path

from tests.mutants.catalogue import MUTANTS, QUICK
from tests.mutants.mutant import Mutant

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "mutants.md"
HEAD = """# Mutants

Each row is a mesh, an application or an input of the harness that is broken on purpose. `make
mutants` brings up one local cluster, carries out the steps concerned with every one of them,
and fails unless exactly the steps named turn red and their diagnosis matches the expression
given; each lesson without any change must pass. Rows marked * are part of `make test`. This table
is written from `tests/mutants/catalogue` by `python -m tests.mutants.table`, and a test
compares it.

| mutant | what is broken | how | red | stays green | the diagnosis says |
|-|-|-|-|-|-|
"""


def document() -> str:
    """The whole file."""
    return HEAD + "".join(map(_row, MUTANTS)) + f"\n{len(MUTANTS)} mutants.\n"


def _row(mutant: Mutant) -> str:
    green = [step for step in mutant.conducted if step not in mutant.red]
    cells = (
        mutant.id + ("*" if mutant.id in QUICK else ""),
        mutant.broken,
        mutant.how,
        ", ".join(mutant.red),
        ", ".join(green),
        f"`{mutant.diagnosis}`",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
