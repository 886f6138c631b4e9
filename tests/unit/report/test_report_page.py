"""report.html: well-formed, self-contained, escaped, and drawn to scale."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.model import CheckResult, ClusterFacts, Region, RunResult
from harness.report.drawing import Bar, Span, Standing, bars
from harness.report.html_page import page

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Collects tags, attributes and texts, and fails on tags that do not pair up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def having(self, attribute: str) -> list[str]:
        return [found for _, attrs in self.tags if (found := attrs.get(attribute)) is not None]


def test_the_page_needs_nothing_but_itself(mixed_run: RunResult) -> None:
    outline = Outline(page(mixed_run))
    assert not {"script", "img", "iframe", "object", "base"} & {tag for tag, _ in outline.tags}
    assert all(href.startswith("#") or href == "data:," for href in outline.having("href"))
    assert outline.having("src") == []
    style = page(mixed_run).split("<style>")[1].split("</style>")[0]
    assert "@import" not in style
    assert "url(" not in style
    assert not any(name.startswith("on") for _, attrs in outline.tags for name in attrs)


def test_ids_are_unique_and_every_link_has_its_target(mixed_run: RunResult) -> None:
    outline = Outline(page(mixed_run))
    ids = outline.having("id")
    assert len(set(ids)) == len(ids)
    assert ids == [step.id for step in mixed_run.steps]
    assert {href[1:] for href in outline.having("href") if href.startswith("#")} == set(ids)


def test_what_the_run_says_is_on_the_page(mixed_run: RunResult) -> None:
    text = Outline(page(mixed_run)).text
    for said in (
        "The chapter does not hold",
        "5 of 7 steps passed, 1 failed, 1 skipped",
        "2026-03-02 09:14:07 UTC",
        "The local cluster runs no istiod",
        "902 of 1,000 (90.2%)",
        "sequential test of at most 1050 answers",
        "accepted 869 to 931",
        "1 in 1,140,000",
        "miss of 10% 1 in 67,900",
        "14 facts read back",
        "live on every proxy after 5.0 ms",
        "apply ch5/catalog-vs-v2-10-90-mesh.yaml",
        "sends 60% to subset version-v1 <not 50%>",
        "not selected by STEPS",
        "HTTP 500, server: istio-envoy, error calling Catalog service",
        "median 6.4 ms, longest 14 ms",
    ):
        assert said in text


def test_another_cluster_does_not_speak_of_the_local_one(mixed_run: RunResult) -> None:
    facts = ClusterFacts("kind", "1.31.0", "", "", "istiod")
    assert "no istiod" not in page(replace(mixed_run, facts=facts))


def test_a_passed_run_and_a_failed_bring_up(
    passed_run: RunResult, bring_up_failed: RunResult
) -> None:
    assert "The chapter holds" in Outline(page(passed_run)).text
    failed = Outline(page(bring_up_failed)).text
    assert "The cluster did not come up" in failed
    assert "remedy: free it, or give INGRESS_PORT=0" in failed
    assert "<Address already in use>" in failed


def test_a_run_without_steps_is_still_a_page(bring_up_failed: RunResult) -> None:
    assert "no step ran" in Outline(page(replace(bring_up_failed, steps=()))).text


def test_hostile_text_stays_text(mixed_run: RunResult) -> None:
    hostile = "</style><script>alert(1)</script>\"'>&amp;\x00\x1b[31m"
    step = mixed_run.steps[3]
    check = replace(
        step.checks[0],
        request=hostile,
        expectation=hostile,
        counts={hostile: 1000},
        passed=False,
        reason=hostile,
        regions=(Region(hostile + "x", 1.0, 1000, 1000),),
    )
    proofs = (replace(step.proofs[0], proxy=hostile),)
    bad = replace(
        step, title=hostile, diagnosis="", applied=(hostile,), checks=(check,), proofs=proofs
    )
    facts = ClusterFacts(*[hostile] * 5)
    outline = Outline(
        page(replace(mixed_run, facts=facts, started=hostile, failure=hostile, steps=(bad,)))
    )
    assert "script" not in {tag for tag, _ in outline.tags}
    assert outline.text.count("<script>alert(1)</script>\"'>&amp;\ufffd") >= 8


# --- the drawing ---------------------------------------------------------------------------


def check(
    counts: dict[str, int], regions: tuple[Region, ...], passed: bool = True, n: int = 1000
) -> CheckResult:
    return CheckResult("r", "e", n, counts, passed, 0.0, 0.0, "", regions)


def test_bars_are_to_scale() -> None:
    v1, v2 = bars(
        check(
            {"v1": 902, "v2": 98},
            (Region("v1", 0.9, 851, 943), Region("v2", 0.1, 57, 149)),
        )
    )
    assert v1 == Bar(
        label="v1",
        standing=Standing.WITHIN,
        observed=Span(0, 90.2),
        count="902 of 1,000 (90.2%)",
        note="accepted 851 to 943",
        accepted=Span(85.1, 9.2),
        expected=90.0,
    )
    assert (v2.observed, v2.accepted, v2.expected) == (Span(0, 9.8), Span(5.7, 9.2), 10.0)


@pytest.mark.parametrize(
    ("low", "high", "start", "end"),
    [(1000, 1000, 99.2, 100.0), (0, 0, 0.0, 0.8), (500, 502, 50.0, 50.8), (0, 1000, 0.0, 100.0)],
)
def test_a_narrow_region_is_still_seen_and_stays_inside(
    low: int, high: int, start: float, end: float
) -> None:
    (bar,) = bars(check({"v1": 1000}, (Region("v1", 1.0, low, high),)))
    assert bar.accepted is not None
    assert bar.accepted.start == pytest.approx(start)
    assert bar.accepted.start + bar.accepted.width == pytest.approx(end)


def test_a_count_outside_its_region_and_a_stranger_stand_out() -> None:
    regions = (Region("v1", 0.9, 851, 943), Region("v2", 0.1, 57, 149))
    v1, v2, stranger = bars(
        check({"v1": 800, "v2": 149, "refused": 51, "never": 0}, regions, passed=False)
    )
    assert [bar.standing for bar in (v1, v2, stranger)] == ["outside", "within", "strange"]
    assert (stranger.label, stranger.accepted, stranger.expected) == ("refused", None, None)
    assert stranger.spoken == "refused: 51 of 1,000 (5.1%); not expected"


def test_a_missing_label_has_an_empty_bar() -> None:
    (bar,) = bars(check({"v2": 0}, (Region("v1", 1.0, 1000, 1000),), passed=False))
    assert (bar.observed, bar.standing) == (Span(0, 0), Standing.OUTSIDE)


def test_what_is_counted_beside_a_passed_check_is_no_stranger() -> None:
    _, copies = bars(check({"v1": 1000, "copies": 1000}, (Region("v1", 1.0, 1000, 1000),)))
    assert (copies.standing, copies.observed) == (Standing.BESIDE, Span(0, 100))


def test_a_mix_marks_no_expected_share() -> None:
    mix = (Region("v1", 0.1, 1, 149), Region("v2", 0.1, 1, 149))
    assert [bar.expected for bar in bars(check({"v1": 75, "v2": 75}, mix, n=150))] == [None, None]


def test_a_check_without_shares_is_not_drawn() -> None:
    assert bars(check({"pods": 1}, (), n=1)) == []
