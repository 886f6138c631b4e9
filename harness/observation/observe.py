"""Answers in, counts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from harness.errors import ChapterError
from harness.model import Answer, Sample
from harness.observation.classifiers import CLASSIFIERS, Classifier

LONGEST_EXAMPLE: Final = 160
"""Characters of an example line."""


def classifier(name: str) -> Classifier:
    """The classifier of that name. Raises ChapterError naming those that exist."""
    if name not in CLASSIFIERS:
        raise ChapterError(
            f"there is no classifier {name!r}", f"use one of {', '.join(sorted(CLASSIFIERS))}"
        )
    return CLASSIFIERS[name]


def observe(name: str, answers: Iterable[Answer]) -> Sample:
    """Label every answer by the classifier ``name`` and count the labels, most frequent first.

    Raises ChapterError if there is no such classifier. No answers give an empty sample, which
    the verdict refuses.
    """
    label_of = classifier(name)
    counts: dict[str, int] = {}
    examples: dict[str, str] = {}
    for answer in answers:
        label = label_of(answer)
        if label not in counts:
            examples[label] = _example(answer)
        counts[label] = counts.get(label, 0) + 1
    return _ranked(counts, examples)


def merge(earlier: Sample, later: Sample) -> Sample:
    """Both samples as one; of each label the earlier example stays."""
    labels = {*earlier.counts, *later.counts}
    return _ranked(
        {label: earlier.counts.get(label, 0) + later.counts.get(label, 0) for label in labels},
        {**later.examples, **earlier.examples},
    )


def _ranked(counts: Mapping[str, int], examples: Mapping[str, str]) -> Sample:
    ranked = dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
    return Sample(sum(ranked.values()), ranked, {label: examples[label] for label in ranked})


def _example(answer: Answer) -> str:
    """One printable line: status, who answered, and how the body begins."""
    if answer.status is None:
        return f"{answer.error or 'no answer'} after {answer.seconds * 1000:.0f} ms"
    told = [f"HTTP {answer.status}"]
    told += [f"{name}: {answer.headers[name]}" for name in ("server",) if name in answer.headers]
    text = " ".join(answer.body[: 4 * LONGEST_EXAMPLE].decode("utf-8", "replace").split())
    text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    told.append(text or "empty body")
    line = ", ".join(told)
    return line if len(line) <= LONGEST_EXAMPLE else f"{line[: LONGEST_EXAMPLE - 1]}…"
