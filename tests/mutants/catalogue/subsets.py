"""Mutants of subsets and of the rule for v1."""

from __future__ import annotations

from tests.mutants.catalogue.texts import (
    BROKEN_CATALOG,
    CATALOG_IMAGE,
    NC,
    ONLY_V1,
    RULE,
    SHOWS_IMAGES,
    UH,
    V1_DEPLOYMENT,
    V2_DEPLOYMENT,
)
from tests.mutants.mutant import Edit, Mutant

SUBSET_MUTANTS = (
    Mutant(
        "rule-subset-misspelt",
        "the DestinationRule misspells subset version-v1",
        ("all-v1",),
        "DestinationRule catalog defines no subset version-v1, which VirtualService "
        f"catalog-vs-from-gw routes to .*{NC}",
        (Edit(RULE, "name: version-v1", "name: version-1"),),
        ("gateway",),
    ),
    Mutant(
        "vs-subset-misspelt",
        "the VirtualService routes to subset version-v3",
        ("all-v1",),
        f"DestinationRule catalog defines no subset version-v3, .*{NC}",
        (Edit(ONLY_V1, "version-v1", "version-v3"),),
    ),
    Mutant(
        "rule-subset-missing",
        "the DestinationRule has no subset for v2",
        ("header",),
        f"DestinationRule catalog defines no subset version-v2, .*{NC}",
        (Edit(RULE, "    - name: version-v2\n      labels:\n        version: v2\n", ""),),
        ("all-v1",),
    ),
    Mutant(
        "rule-labels-swapped",
        "the subsets' labels are swapped",
        ("all-v1", "header"),
        r"DestinationRule catalog's subset version-v(1 selects pods labelled version=v2|2 selects "
        "pods labelled version=v1)",
        (
            Edit(RULE, "version: v1", "version: v0"),
            Edit(RULE, "version: v2", "version: v1"),
            Edit(RULE, "version: v0", "version: v2"),
        ),
        ("gateway",),
    ),
    Mutant(
        "everything-swapped",
        "the subsets' labels are swapped, and so are the versions' images: all answers look right",
        ("all-v1", "header"),
        "the access logs contradict the answers: .*the sidecar of catalog(-v2| v1) logged 0 "
        "requests for /items, and the answers say 500",
        (
            Edit(RULE, "version: v1", "version: v0"),
            Edit(RULE, "version: v2", "version: v1"),
            Edit(RULE, "version: v0", "version: v2"),
            Edit(V1_DEPLOYMENT, CATALOG_IMAGE, CATALOG_IMAGE + SHOWS_IMAGES),
            Edit(V2_DEPLOYMENT, SHOWS_IMAGES, ""),
        ),
        ("deploy",),
        seen_by_logs=True,
    ),
    Mutant(
        "rule-labels-nobody",
        "subset version-v1 selects a label that no pod has",
        ("all-v1",),
        f"subset version-v1 selects pods labelled version=v1.0, and Service catalog has none: "
        f".*{UH}",
        (Edit(RULE, "version: v1", "version: v1.0"),),
    ),
    Mutant(
        "rule-host",
        "the DestinationRule is for another host",
        ("all-v1",),
        f"no DestinationRule for host catalog.istioinaction.svc.cluster.local defines .*{NC}",
        (Edit(RULE, "host: catalog.", "host: catalogue."),),
    ),
    Mutant(
        "rule-unknown-field",
        "the manifest has a field that Istio does not know",
        ("all-v1",),
        "catalog-vs-v1.yaml: VirtualService 'catalog-vs-from-gw' was refused: .*subsett",
        (Edit(ONLY_V1, "subset:", "subsett:"),),
    ),
    Mutant(
        "other-version",
        "the VirtualService routes to v2 instead of v1",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 100% to subset version-v2 .*wanted 100% v1",
        (Edit(ONLY_V1, "version-v1", "version-v2"),),
    ),
    Mutant(
        "no-subset",
        "the VirtualService names no subset",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 100% to catalog.*50% v1 and 50% v2",
        (Edit(ONLY_V1, "            subset: version-v1\n", ""),),
    ),
    Mutant(
        "leak",
        "two requests of a hundred still go to v2",
        ("all-v1",),
        "VirtualService catalog-vs-from-gw sends 98% to subset version-v1 and 2% to subset "
        "version-v2",
        (
            Edit(
                ONLY_V1,
                "            subset: version-v1\n",
                "            subset: version-v1\n          weight: 98\n        - destination:\n"
                "            host: catalog\n            subset: version-v2\n          weight: 2\n",
            ),
        ),
    ),
    Mutant(
        "failing-app",
        "catalog v1 answers 500 to 2% of the requests",
        ("all-v1",),
        r"pod catalog-\S+ itself answered 500 to \d+ of \d+ requests",
        (Edit(V1_DEPLOYMENT, CATALOG_IMAGE, CATALOG_IMAGE + BROKEN_CATALOG),),
        ("deploy",),
    ),
)
