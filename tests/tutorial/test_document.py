"""How a tutorial is read, and what counts as the same output."""

from __future__ import annotations

import pytest

from tests.tutorial.document import Command, NotSound, Shown, Skipped, blocks, differences


def one(text: str) -> Command:
    (found,) = blocks(text)
    assert isinstance(found, Command)
    return found


def test_commands_with_their_outputs() -> None:
    text = "# A\n```console\n$ one \\\n  two\nfirst\nsecond\n$ three\n```\n"
    assert list(blocks(text)) == [
        Command(3, "one \\\n  two", ("first", "second")), Command(7, "three", ()),
    ]  # fmt: skip


def test_files_and_excuses() -> None:
    text = (
        "<!-- file: a/b.yaml -->\n```yaml\na: 1\n```\n"
        "<!-- not run: it ends the cluster -->\n```console\n$ make down\n```\n"
        "```text\njust a drawing\n```\n"
    )
    assert list(blocks(text)) == [
        Shown(2, "a/b.yaml", "a: 1\n"), Skipped(6, "it ends the cluster"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```yaml\na: 1\n```\n", "line 1: a yaml block names neither"),
        ("```bash\nls\n```\n", "line 1: a bash block"),
        ("```console\nls\n```\n", "output without a command"),
        ("<!-- numbers: many -->\n```console\n$ ls\n```\n", "is no range"),
    ],
)
def test_what_is_neither_run_nor_excused(text: str, words: str) -> None:
    with pytest.raises(NotSound, match=words):
        list(blocks(text))


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\n", False),
        ("a", "a\nb\n", False),
        ("", "a\n", False),
        ("pod/catalog-… created", "pod/catalog-5d created\n", True),
        ("pod/catalog-… created", "pod/catalog-5d configured\n", False),
        ("NAME   READY\ncatalog-…   2/2", "NAME          READY\ncatalog-5d-x  2/2\n", True),
        ("NAME   READY\ncatalog-…   2/2", "NAME          READY\ncatalog-5d-x  1/2\n", False),
        ("a\n…\nz", "a\nb\nc\nz\n", True),
        ("a\n…\nz", "a\nz\n", True),
        ("a\n…\nz", "a\nb\n", False),
        ("[a.c]", "[abc]\n", False),
    ],
)
def test_outputs(shown: str, said: str, same: bool) -> None:
    body = f"{shown}\n" if shown else ""
    command = one(f"```console\n$ x\n{body}```\n")
    assert (differences(command, said) == "") == same


@pytest.mark.parametrize(
    ("said", "same"), [("30", True), ("8", True), ("7", False), ("63", False), ("many", False)]
)
def test_numbers_within_a_range(said: str, same: bool) -> None:
    command = one("<!-- numbers: 8..62 -->\n```console\n$ x\n31\n```\n")
    assert (differences(command, f"{said}\n") == "") == same
