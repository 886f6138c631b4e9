"""Mutants of the way out of the mesh."""

from __future__ import annotations

from tests.mutants.catalogue.inputs import policy_left_open
from tests.mutants.catalogue.texts import (
    ENTRY,
    FORUM,
)
from tests.mutants.mutant import Append, Edit, Mutant

EGRESS_MUTANTS = (
    Mutant(
        "policy-left-open",
        "ALLOW_ANY is left on",
        ("egress-blocked",),
        "outboundTrafficPolicy.mode is ALLOW_ANY",
        step=policy_left_open,
    ),
    Mutant(
        "entry-too-early",
        "the ServiceEntry is there before it should be",
        ("egress-blocked",),
        "ServiceEntry jsonplaceholder opens jsonplaceholder.typicode.com:80",
        (Append(FORUM, ENTRY),),
    ),
    Mutant(
        "entry-host",
        "the ServiceEntry is for another host",
        ("egress-allowed",),
        "ServiceEntry jsonplaceholder is for jsonplaceholder.example.com port 80, not for",
        (Edit(ENTRY, "jsonplaceholder.typicode.com", "jsonplaceholder.example.com"),),
        ("egress-blocked",),
    ),
    Mutant(
        "entry-port",
        "the ServiceEntry is for another port",
        ("egress-allowed",),
        "ServiceEntry jsonplaceholder is for jsonplaceholder.typicode.com port 8080, not for",
        (Edit(ENTRY, "number: 80", "number: 8080"),),
    ),
)
