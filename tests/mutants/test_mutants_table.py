"""The mutants as data are sound, and docs/mutants.md lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.chapter import LESSONS, lesson
from tests.mutants import table
from tests.mutants.catalogue import CONTROLS, MUTANTS, QUICK
from tests.mutants.mutant import Mutant
from tests.mutants.workshop import manifests


def ids_of(name: str) -> list[str]:
    return [step.id for step in lesson(name)]


def test_the_document_is_up_to_date() -> None:
    assert table.DOCUMENT.read_text() == table.document(), "run python -m tests.mutants.table"


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    ids = [mutant.id for mutant in MUTANTS]
    assert len(ids) >= 40
    assert len(set(ids)) == len(ids)
    assert set(QUICK) <= set(ids)


def test_a_control_walks_each_lesson_whole_and_unchanged() -> None:
    assert [control.lesson for control in CONTROLS] == list(LESSONS)
    for control in CONTROLS:
        assert list(control.conducted) == ids_of(control.lesson)
        assert not control.changes


def test_every_step_after_the_installation_is_turned_red_by_some_mutant() -> None:
    red = {step for mutant in MUTANTS for step in mutant.red}
    assert red == {step for name in LESSONS for step in ids_of(name)} - {"install"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_changes_something_and_names_a_red_step(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.red
    assert set(mutant.conducted) <= set(ids_of(mutant.lesson))
    assert mutant.diagnosis
    assert mutant.changes or mutant.step or mutant.sabotage
    manifests(mutant, tmp_path)


def test_an_edit_that_finds_nothing_to_change_is_an_error(tmp_path: Path) -> None:
    from tests.mutants.mutant import Edit

    (tmp_path / "x.yaml").write_text("a: 1\n")
    with pytest.raises(AssertionError, match="b: 2"):
        Edit("x.yaml", "b: 2", "b: 3").apply(tmp_path)
