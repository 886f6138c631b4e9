"""What access logs bear out of a sample, and what they contradict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from harness.model import Account, CheckResult, Witness


@dataclass(frozen=True, slots=True)
class Heard:
    """What the logs hold of one check's requests, by their ids.

    ``entered`` were logged by the ingress gateway. ``logged`` is what each witness logged.
    """

    entered: Set[str]
    logged: Mapping[str, Set[str]]
    """By the witness's title; ids for its path."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """``said`` tells the figures; without ``contradictions`` they bear the counts out."""

    said: str
    contradictions: tuple[str, ...]


def bear_out(result: CheckResult, account: Account, heard: Heard) -> Testimony:
    """Compare the logs with the counts.

    The gateway must have logged every request that was answered, and none that was not sent;
    of those, each witness must have logged just as many as the answers imply. A retried request
    keeps its id, so it counts once.
    """
    figures = [f"ingress gateway {len(heard.entered):,}"]
    figures += [
        f"{witness.workload.title} {_count(witness, heard):,}" for witness, _ in account.wanted
    ]
    return Testimony("logged: " + ", ".join(figures), tuple(_wrong(result, account, heard)))


def _count(witness: Witness, heard: Heard) -> int:
    return len(heard.entered & heard.logged.get(witness.workload.title, frozenset()))


def _wrong(result: CheckResult, account: Account, heard: Heard) -> Iterator[str]:
    entered = len(heard.entered)
    if not account.answered <= entered <= result.n:
        yield (
            f"the ingress gateway logged {entered:,} of {result.n:,} requests, "
            f"{account.answered:,} of which were answered"
        )
    for witness, wanted in account.wanted:
        found = _count(witness, heard)
        if found != wanted:
            yield (
                f"the {witness.workload.title} logged {found:,} requests for {witness.path}, "
                f"and the answers say {wanted:,}"
            )
