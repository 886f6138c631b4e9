"""Counting: nothing lost, one example line for each label."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ChapterError
from harness.model import Answer
from harness.observation import CLASSIFIERS, merge, observe
from harness.observation.observe import LONGEST_EXAMPLE


def answer(status: int | None, body: bytes = b"", error: str | None = None) -> Answer:
    return Answer(status, body, {"server": "istio-envoy"}, error, 0.0123)


def test_answers_are_counted_and_the_first_of_each_kind_is_shown() -> None:
    sample = observe(
        "reachability",
        [
            answer(404),
            answer(503, b"no healthy upstream\n"),
            answer(503, b"later"),
            answer(503, b"later"),
            answer(None, error="timed out after 10 s"),
        ],
    )
    assert sample.n == 5
    assert list(sample.counts.items()) == [
        ("answered 503", 3),
        ("no answer: timed out after 10 s", 1),
        ("unreachable", 1),
    ]
    assert sample.examples == {
        "answered 503": "HTTP 503, server: istio-envoy, no healthy upstream",
        "no answer: timed out after 10 s": "timed out after 10 s after 12 ms",
        "unreachable": "HTTP 404, server: istio-envoy, empty body",
    }


def test_no_answers_are_an_empty_sample() -> None:
    assert observe("catalog", []).n == 0


def test_an_unknown_classifier_is_refused_even_without_answers() -> None:
    with pytest.raises(ChapterError, match="'catalogue'") as refused:
        observe("catalogue", [])
    assert "catalog, reachability, users" in refused.value.remedy


@settings(deadline=None)
@given(
    name=st.sampled_from(sorted(CLASSIFIERS)),
    answers=st.lists(
        st.builds(
            answer,
            st.sampled_from([200, 404, 500, 503]),
            st.binary(max_size=400) | st.text(max_size=400).map(str.encode),
        ),
        max_size=30,
    ),
)
def test_counts_add_up_and_examples_are_single_printable_lines(
    name: str, answers: list[Answer]
) -> None:
    sample = observe(name, answers)
    assert sample.n == len(answers) == sum(sample.counts.values())
    assert sample.counts.keys() == sample.examples.keys()
    for example in sample.examples.values():
        assert example.isprintable()
        assert 0 < len(example) <= LONGEST_EXAMPLE


def test_merged_batches_are_what_one_sample_would_have_been() -> None:
    early = [answer(404), answer(503, b"first")]
    late = [answer(503, b"later"), answer(200, b"ok"), answer(503, b"last")]
    merged = merge(observe("reachability", early), observe("reachability", late))
    whole = observe("reachability", [*early, *late])
    assert merged == whole
    assert list(merged.counts) == list(whole.counts)
    assert "first" in merged.examples["answered 503"]
    assert merge(observe("reachability", []), whole) == whole
