"""Mutants of the routing by header at the gateway."""

from __future__ import annotations

from tests.mutants.catalogue.inputs import misspelt_client, shouting_client
from tests.mutants.catalogue.texts import (
    FALLBACK,
    HEADER,
    MATCH_ONLY,
)
from tests.mutants.mutant import Edit, Mutant

HEADER_MUTANTS = (
    Mutant(
        "header-name",
        "the rule matches another header",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw does not match .*asks for header "
        "x-istio-cohorts",
        (Edit(HEADER, "x-istio-cohort:", "x-istio-cohorts:"),),
        ("all-v1",),
    ),
    Mutant(
        "header-value",
        "the rule matches another value",
        ("header",),
        "does not match .*exact 'interns', and the request says 'internal'",
        (Edit(HEADER, "exact: internal", "exact: interns"),),
    ),
    Mutant(
        "header-case",
        "the rule's value is capitalised",
        ("header",),
        "does not match .*exact 'Internal', and the request says 'internal'",
        (Edit(HEADER, "exact: internal", "exact: Internal"),),
    ),
    Mutant(
        "header-too-wide",
        "the rule matches the external cohort too",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw .*takes .*external.*which should go on",
        (Edit(HEADER, "exact: internal", 'regex: ".*ternal"'),),
    ),
    Mutant(
        "header-reversed",
        "the two rules' targets are swapped",
        ("header",),
        "VirtualService catalog-vs-from-gw .*(sends 100% to|should go on)",
        (
            Edit(HEADER, "version-v2", "version-v0"),
            Edit(HEADER, "version-v1", "version-v2"),
            Edit(HEADER, "version-v0", "version-v1"),
        ),
    ),
    Mutant(
        "header-no-match",
        "the condition is missing, so everybody gets v2",
        ("header",),
        "VirtualService catalog-vs-from-gw sends 100% to subset version-v2",
        (Edit(HEADER, MATCH_ONLY, "    - route:\n"),),
    ),
    Mutant(
        "header-no-fallback",
        "there is no rule for everybody else",
        ("header",),
        "no rule of VirtualService catalog-vs-from-gw matches .*404 NR",
        (Edit(HEADER, FALLBACK, ""),),
    ),
    Mutant(
        "header-inverted",
        "the rule takes requests without the header's value",
        ("header",),
        "rule 1 of VirtualService catalog-vs-from-gw",
        (Edit(HEADER, "- headers:", "- withoutHeaders:"),),
    ),
    Mutant(
        "client-header-name",
        "the client misspells the header",
        ("header",),
        "asks for header x-istio-cohort exact 'internal', and the request has none",
        step=misspelt_client,
    ),
    Mutant(
        "client-header-case",
        "the client shouts the header's value",
        ("header",),
        "exact 'internal', and the request says 'INTERNAL'",
        step=shouting_client,
    ),
)
