"""Mutants of the second lesson: faults that are not met, remedies that do not mend them.

Not here is what clients cannot tell from the right rule: an abort with another status, for webapp
answers 500 to any failed call; and after the delays, retries that are missing or a longer
perTryTimeout, for a slow answer is a good one, too.
"""

from __future__ import annotations

from dataclasses import replace

from tests.mutants.catalogue.texts import (
    FAULTS,
    MESH_V1,
    RETRIES,
    SLOW,
    TIMEOUT,
    TIMEOUT_RETRIES,
)
from tests.mutants.mutant import Edit, Mutant, Sabotage

LESSON = "resilience"
WEBAPP_RULE = "VirtualService webapp-virtualservice"
ABORT = """    - fault:
        abort:
          httpStatus: 500
          percentage:
            value: 10
"""
DELAY = """        delay:
          fixedDelay: 2s
          percentage:
            value: 10
"""
UNHARMED = """    - route:
        - destination:
            host: catalog
            subset: version-v1
"""
ASKED_RETRIES = """    - retries:
        attempts: 9
        retryOn: 5xx
"""
TO_V1 = "      route:\n        - destination:\n            host: catalog\n"

_SHOP = (
    Mutant(
        "shop-other-version",
        "the shop is pinned to v2 before anything is broken",
        ("shop",),
        "VirtualService catalog sends 100% to subset version-v2 .*wanted 100% v1",
        (Edit(MESH_V1, "version-v1", "version-v2"),),
        ("deploy",),
    ),
)

_FAULTS = (
    Mutant(
        "fault-half",
        "half of the calls fail instead of a tenth",
        ("faults",),
        "VirtualService catalog answers 500 to 50% of the calls; wanted 'error calling Catalog "
        "service' for 10%",
        (Edit(FAULTS, "value: 10", "value: 50"),),
        ("shop",),
    ),
    Mutant(
        "fault-no-percentage",
        "the fault has no percentage, which hits nobody",
        ("faults",),
        r"VirtualService catalog answers 500 to 0% \(it has no percentage\) of the calls; wanted",
        (Edit(FAULTS, "          percentage:\n            value: 10\n", ""),),
    ),
    Mutant(
        "fault-other-match",
        "the fault is for requests with a header that nobody sends",
        ("faults",),
        "VirtualService catalog injects no fault .*its rule 1 does, but it asks for header "
        "x-istio-cohort exact 'internal', and the request has none",
        (
            Edit(
                FAULTS,
                "    - fault:",
                "    - match:\n        - headers:\n            x-istio-cohort:\n"
                "              exact: internal\n      fault:",
            ),
            Edit(FAULTS, "subset: version-v1\n", f"subset: version-v1\n{UNHARMED}"),
        ),
    ),
    Mutant(
        "fault-not-bound",
        "the fault's rule is bound to a gateway only",
        ("faults",),
        "VirtualService catalog for host catalog.* is bound to istioinaction/coolstore-gateway and "
        "not to mesh",
        (Edit(FAULTS, "- mesh", "- coolstore-gateway"),),
    ),
    Mutant(
        "fault-frozen-sidecar",
        "webapp's sidecar never receives the fault",
        ("faults",),
        r"the sidecar proxy of pod webapp-\S+ never took the change",
        sabotage=Sabotage.FREEZE_WEBAPP_PROXY,
    ),
)

_RETRIES = (
    Mutant(
        "retries-off",
        "the gateway's retries are switched off",
        ("retries",),
        rf"{WEBAPP_RULE} switches retries off \(attempts: 0\), which leaves the caller's answer "
        "500 as it is: clients see the fault of VirtualService catalog",
        (Edit(RETRIES, "attempts: 9\n        retryOn: 5xx", "attempts: 0"),),
        ("faults",),
    ),
    Mutant(
        "retries-other-class",
        "the retries are for gateway errors, and webapp answers 500",
        ("retries",),
        f"{WEBAPP_RULE} retries on gateway-error, which leaves the caller's answer 500 as it is",
        (Edit(RETRIES, "retryOn: 5xx", "retryOn: gateway-error"),),
    ),
    Mutant(
        "retries-too-few",
        "half of the calls fail, and two retries are too few",
        ("retries",),
        f"attempts: 2 of {WEBAPP_RULE} is too few: .* so 3 attempts all meet it in 12.5%",
        (Edit(FAULTS, "value: 10", "value: 50"), Edit(RETRIES, "attempts: 9", "attempts: 2")),
    ),
    Mutant(
        "retries-wrong-route",
        "the retries are in the rule that has the fault, which no retry passes",
        ("retries",),
        f"(?s){WEBAPP_RULE} sets no retries, .*the retries of VirtualService catalog are no remedy "
        "for its own fault",
        (
            Edit(RETRIES, ASKED_RETRIES + "      route:", "    - route:"),
            Edit(FAULTS, TO_V1, ASKED_RETRIES.replace("    - ", "      ", 1) + TO_V1),
        ),
    ),
    Mutant(
        "retries-fault-at-gateway",
        "the gateway has a fault of its own, before its retries",
        ("retries",),
        f"{WEBAPP_RULE} itself answers 500 to 10% of the calls, at the gateway",
        (Edit(RETRIES, "    - retries:", f"{ABORT}      retries:"),),
    ),
)

_TIMEOUT = (
    Mutant(
        "timeout-missing",
        "the gateway has no time-out",
        ("timeout",),
        f"{WEBAPP_RULE} sets no timeout, so clients wait for the 2s by which VirtualService "
        "catalog delays calls",
        (Edit(TIMEOUT, "    - timeout: 500ms\n      route:", "    - route:"),),
        ("retries",),
    ),
    Mutant(
        "timeout-too-long",
        "the time-out is longer than the delay",
        ("timeout",),
        f"timeout 5s of {WEBAPP_RULE} is longer than the 2s by which VirtualService catalog delays",
        (Edit(TIMEOUT, "timeout: 500ms", "timeout: 5s"),),
    ),
    Mutant(
        "timeout-wrong-route",
        "the time-out is in the rule that has the delay, and starts after it",
        ("timeout",),
        f"(?s){WEBAPP_RULE} sets no timeout, .*the timeout of VirtualService catalog is no remedy "
        "for its own fault",
        (
            Edit(TIMEOUT, "    - timeout: 500ms\n      route:", "    - route:"),
            Edit(SLOW, TO_V1, f"      timeout: 500ms\n{TO_V1}"),
        ),
    ),
    Mutant(
        "delay-too-short",
        "the calls are delayed by less than the time-out",
        ("timeout",),
        f"timeout 500ms of {WEBAPP_RULE} is longer than the 100ms by which VirtualService catalog",
        (Edit(SLOW, "fixedDelay: 2s", "fixedDelay: 100ms"),),
    ),
    Mutant(
        "delay-is-abort",
        "the calls fail at once instead of hanging",
        ("timeout",),
        "VirtualService catalog answers 500 to 10% of the calls; wanted 'status 504' for 10%",
        (Edit(SLOW, f"    - fault:\n{DELAY}", ABORT),),
    ),
)

_TIMEOUT_RETRIES = (
    Mutant(
        "per-try-too-short",
        "no call is slow, but no attempt has the time that an answer takes",
        ("timeout-retries",),
        f"perTryTimeout 1ms of {WEBAPP_RULE} is shorter than an answer takes",
        (
            Edit(SLOW, "value: 10", "value: 0"),
            Edit(
                TIMEOUT_RETRIES,
                "attempts: 9\n        perTryTimeout: 500ms",
                "attempts: 1\n        perTryTimeout: 1ms",
            ),
        ),
    ),
    Mutant(
        "per-try-other-class",
        "the retries are not for attempts that ran out of time",
        ("timeout-retries",),
        f"{WEBAPP_RULE} retries on connect-failure, which is no word for an attempt that "
        "perTryTimeout 500ms ended",
        (Edit(TIMEOUT_RETRIES, "retryOn: gateway-error", "retryOn: connect-failure"),),
    ),
    Mutant(
        "timeout-left",
        "the time-out of the step before is still there, and ends the retries, too",
        ("timeout-retries",),
        f"timeout 500ms of {WEBAPP_RULE} is for the request with all its retries: it leaves time "
        "for 1 of 10 attempts",
        (Edit(TIMEOUT_RETRIES, "    - retries:", "    - timeout: 500ms\n      retries:"),),
    ),
)

RESILIENCE_MUTANTS = tuple(
    replace(mutant, lesson=LESSON)
    for mutant in (*_SHOP, *_FAULTS, *_RETRIES, *_TIMEOUT, *_TIMEOUT_RETRIES)
)
