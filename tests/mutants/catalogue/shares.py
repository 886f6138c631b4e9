"""Mutants of weights and of mirrors."""

from __future__ import annotations

from tests.mutants.catalogue.texts import (
    HALF,
    MIRROR,
    NC,
    TENTH,
)
from tests.mutants.mutant import Edit, Mutant

WEIGHT_MUTANTS = (
    Mutant(
        "weights-off",
        "the weights are 80 and 20",
        ("mesh-weights",),
        "VirtualService catalog sends 80% to subset version-v1 and 20% to subset version-v2 .*"
        "wanted 90% v1 and 10% v2",
        (Edit(TENTH, "weight: 90", "weight: 80"), Edit(TENTH, "weight: 10", "weight: 20")),
    ),
    Mutant(
        "weights-swapped",
        "the weights are swapped",
        ("mesh-weights",),
        "VirtualService catalog sends 10% to subset version-v1 and 90% to subset version-v2",
        (
            Edit(TENTH, "weight: 90", "weight: 9"),
            Edit(TENTH, "weight: 10", "weight: 90"),
            Edit(TENTH, "weight: 9\n", "weight: 10\n"),
        ),
    ),
    Mutant(
        "weights-no-canary",
        "the canary gets nothing",
        ("mesh-weights",),
        "VirtualService catalog sends 100% to subset version-v1 .*wanted 90% v1 and 10% v2",
        (Edit(TENTH, "weight: 10", "weight: 0"), Edit(TENTH, "weight: 90", "weight: 100")),
    ),
    Mutant(
        "weights-broken-canary",
        "the canary's subset does not exist, so a tenth of the calls fail",
        ("mesh-weights",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(TENTH, "version-v2", "version-v3"),),
    ),
    Mutant(
        "half-off",
        "the canary stays at a tenth",
        ("mesh-half",),
        "VirtualService catalog sends 90% to subset version-v1 and 10% .*wanted 50% v1 and 50% v2",
        (
            Edit(HALF, "version-v1\n          weight: 50", "version-v1\n          weight: 90"),
            Edit(HALF, "version-v2\n          weight: 50", "version-v2\n          weight: 10"),
        ),
    ),
    Mutant(
        "half-one-sided",
        "both halves go to v1",
        ("mesh-half",),
        "VirtualService catalog sends 50% to subset version-v1 and 50% to subset version-v1",
        (Edit(HALF, "version-v2", "version-v1"),),
    ),
)

MIRROR_MUTANTS = (
    Mutant(
        "mirror-half",
        "only half of the requests are mirrored",
        ("mirror",),
        "VirtualService catalog mirrors 50% of the requests .*wanted 100%",
        (Edit(MIRROR, "value: 100", "value: 50"),),
    ),
    Mutant(
        "mirror-missing",
        "nothing is mirrored",
        ("mirror",),
        "VirtualService catalog mirrors nothing",
        (
            Edit(
                MIRROR,
                "      mirror:\n        host: catalog\n        subset: version-v2\n"
                "      mirrorPercentage:\n        value: 100\n",
                "",
            ),
        ),
    ),
    Mutant(
        "mirror-other-version",
        "v1 gets the copies",
        ("mirror",),
        "VirtualService catalog mirrors to subset version-v1",
        (Edit(MIRROR, "        subset: version-v2", "        subset: version-v1"),),
    ),
    Mutant(
        "mirror-no-subset",
        "the mirror's subset does not exist",
        ("mirror",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(MIRROR, "        subset: version-v2", "        subset: version-v3"),),
    ),
    Mutant(
        "mirror-reversed",
        "v2 answers, and v1 gets the copies",
        ("mirror",),
        "VirtualService catalog sends 100% to subset version-v2",
        (
            Edit(MIRROR, "version-v2", "version-v0"),
            Edit(MIRROR, "version-v1", "version-v2"),
            Edit(MIRROR, "version-v0", "version-v1"),
        ),
    ),
)
