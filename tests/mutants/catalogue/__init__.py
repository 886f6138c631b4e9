"""All mutants, lesson by lesson and in the order of their steps."""

from __future__ import annotations

from harness.chapter import LESSONS
from tests.mutants.catalogue.egress import EGRESS_MUTANTS
from tests.mutants.catalogue.foundations import DEPLOY_MUTANTS, GATEWAY_MUTANTS
from tests.mutants.catalogue.headers import HEADER_MUTANTS
from tests.mutants.catalogue.mesh import MESH_MUTANTS
from tests.mutants.catalogue.resilience import RESILIENCE_MUTANTS
from tests.mutants.catalogue.shares import MIRROR_MUTANTS, WEIGHT_MUTANTS
from tests.mutants.catalogue.subsets import SUBSET_MUTANTS
from tests.mutants.mutant import Mutant

MUTANTS = (
    *DEPLOY_MUTANTS,
    *GATEWAY_MUTANTS,
    *SUBSET_MUTANTS,
    *HEADER_MUTANTS,
    *MESH_MUTANTS,
    *WEIGHT_MUTANTS,
    *EGRESS_MUTANTS,
    *MIRROR_MUTANTS,
    *RESILIENCE_MUTANTS,
)
CONTROLS = tuple(
    Mutant(
        f"control-{name}", "nothing", (), "", walks=tuple(step.id for step in steps), lesson=name
    )
    for name, steps in LESSONS.items()
)
QUICK = ("vs-subset-misspelt", "header-case", "gateway-host")
"""Those that are part of `make test`."""
