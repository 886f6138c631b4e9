"""The second lesson: time-outs, retries, and faults that are made on purpose to try them.

Faults are injected by webapp's own sidecar, one hop behind the gateway, where the remedies are.
A retried request fails only if every one of ten attempts meets the fault, which is once in 1e10.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from harness.chapter import parts
from harness.chapter.parts import catalog, chapter_file, only
from harness.chapter.steps import DEPLOY, INSTALL
from harness.model import Shares, Stage, Step

ERROR: Final = "error calling Catalog service"
"""What webapp answers when its catalog did not."""
TIMED_OUT: Final = "status 504"


def _mostly_v1(otherwise: str) -> Shares:
    return Shares(MappingProxyType({"v1": 0.9, otherwise: 0.1}))


SHOP: Final = Step(
    "shop",
    "webapp calls catalog v1, and nothing goes wrong",
    "What the later steps break and mend: it has to be whole first.",
    (
        Stage(
            (
                parts.WEBAPP_WORKLOAD,
                parts.WEBAPP_ENTRANCE,
                chapter_file("catalog-dest-rule"),
                chapter_file("catalog-vs-v1-mesh"),
            ),
            parts.SHOP,
            (parts.workload("webapp", "webapp"), catalog(parts.SHOP_CATALOG, only("v1"))),
        ),
    ),
)

FAULTS: Final = Step(
    "faults",
    "A tenth of the calls to catalog fail, and clients see it",
    "A fault rule answers 500 in webapp's sidecar: no application has to be broken for it.",
    (
        Stage(
            (chapter_file("resilience/catalog-vs-faults"),),
            parts.SHOP,
            (catalog(parts.SHOP_CATALOG, _mostly_v1(ERROR)),),
        ),
    ),
)

RETRIES: Final = Step(
    "retries",
    "The gateway tries again, and clients see nothing of it",
    "The fault is still there; a request fails now only if every attempt meets it.",
    (
        Stage(
            (chapter_file("resilience/webapp-vs-retries"),),
            parts.SHOP,
            (catalog(parts.SHOP_CATALOG, only("v1")),),
        ),
    ),
)

TIMEOUT: Final = Step(
    "timeout",
    "A tenth of the calls hang, and a time-out ends the wait",
    "Clients get a quick 504 instead of a slow answer: a bound, not yet a remedy.",
    (
        Stage(
            (
                chapter_file("resilience/catalog-vs-slow"),
                chapter_file("resilience/webapp-vs-timeout"),
            ),
            parts.SHOP,
            # A call that was given up may still reach v1, whenever its delay is over.
            (catalog(parts.SHOP_CATALOG, _mostly_v1(TIMED_OUT), witnesses=()),),
        ),
    ),
)

TIMEOUT_RETRIES: Final = Step(
    "timeout-retries",
    "A time-out for each attempt, and clients get their answers",
    "Time-out and retry together: nobody waits for the slow tenth, and nobody fails.",
    (
        Stage(
            (chapter_file("resilience/webapp-vs-timeout-retries"),),
            parts.SHOP,
            (catalog(parts.SHOP_CATALOG, only("v1")),),
        ),
    ),
)

STEPS: Final = (INSTALL, DEPLOY, SHOP, FAULTS, RETRIES, TIMEOUT, TIMEOUT_RETRIES)
