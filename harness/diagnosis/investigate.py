"""One failed step after the other: gather, judge, and keep the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.diagnosis import bundle
from harness.diagnosis.evidence import Evidence, Finding
from harness.diagnosis.gather import Source, gather
from harness.diagnosis.judge import explain_check, explain_failure
from harness.errors import HarnessError
from harness.model import Check, CheckResult


class Investigator:
    """Explains the failures of one run; without ``folder`` no evidence is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._room = bundle.LARGEST_BUNDLE

    def failed_checks(
        self,
        step: str,
        moment: str,
        source: Source,
        failed: Sequence[tuple[Check, CheckResult]],
    ) -> list[Finding]:
        """Why checks of the step failed that began at ``moment`` (ISO 8601, UTC)."""
        evidence = gather(source, moment)
        self._keep(step, evidence)
        found = [f for check, result in failed for f in explain_check(evidence, check, result)]
        return list(dict.fromkeys(found))

    def failed_step(
        self, step: str, moment: str, source: Source, failure: HarnessError
    ) -> list[Finding]:
        """Why the step could not be carried out."""
        evidence = gather(source, moment)
        self._keep(step, evidence)
        return explain_failure(evidence, failure)

    def keep(self, step: str, moment: str, source: Source) -> None:
        """Evidence of a step since ``moment`` (ISO 8601, UTC), for whoever looks into it."""
        self._keep(step, gather(source, moment))

    def _keep(self, step: str, evidence: Evidence) -> None:
        if self._folder is not None:
            self._room -= bundle.write(evidence, self._folder / step, self._room)
