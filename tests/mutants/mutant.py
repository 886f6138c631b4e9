"""What a mutant is: one change to a manifest, an application, a step or a running proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.chapter.lessons import CHAPTER
from harness.model import Step

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Edit:
    """A text in a manifest replaced; it must be there exactly ``times`` times."""

    path: str
    old: str
    new: str
    times: int = 1

    def apply(self, root: Path) -> None:
        file = root / self.path
        text = file.read_text()
        assert text.count(self.old) == self.times, f"{self.path}: {self.old!r}"
        file.write_text(text.replace(self.old, self.new.replace("{apps}", str(APPS))))

    def __str__(self) -> str:
        return f"{self.path}: `{one_line(self.old)}` → `{one_line(self.new) or 'nothing'}`"


@dataclass(frozen=True)
class Append:
    """Manifests of ``source`` applied together with those of ``path``."""

    path: str
    source: str

    def apply(self, root: Path) -> None:
        file = root / self.path
        file.write_text(f"{file.read_text()}\n---\n{(root / self.source).read_text()}")

    def __str__(self) -> str:
        return f"{self.path}: {self.source} applied as well"


class Sabotage(Enum):
    """What is done to the running cluster while the red step is carried out."""

    FREEZE_WEBAPP_PROXY = "webapp's Envoy is stopped by SIGSTOP"
    CLOSED_INGRESS = "the harness is given an ingress port on which nothing listens"


@dataclass(frozen=True)
class Mutant:
    """``walks`` are conducted; those in ``red`` must fail, and all others of them pass."""

    id: str
    broken: str
    red: tuple[str, ...]
    diagnosis: str
    """Regular expression that the diagnosis of every red step must contain."""
    changes: tuple[Edit | Append, ...] = ()
    walks: tuple[str, ...] = ()
    step: Callable[[Step], Step] | None = None
    """Changes the red step itself: a harness input that is wrong."""
    sabotage: Sabotage | None = None
    seen_by_logs: bool = False
    """Every answer looks right: only the access logs, heard at the end, can tell."""
    lesson: str = CHAPTER
    """Whose steps these are; those before them are applied."""

    @property
    def conducted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.walks, *self.red)))

    @property
    def how(self) -> str:
        said = [str(change) for change in self.changes]
        if self.step is not None:
            said.append("the step itself is changed")
        if self.sabotage is not None:
            said.append(self.sabotage.value)
        return "; ".join(said)


def one_line(text: str) -> str:
    """YAML in one line, for people."""
    return " ".join(text.split())
