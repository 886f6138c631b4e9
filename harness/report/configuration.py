"""configuration.json: what each proxy had when a step's change was proven live.

By step and workload, a line a route or cluster, without names and addresses that differ from run
to run: the file of one release can be compared with that of another.
"""

from __future__ import annotations

import json

from harness.model import RunResult


def configuration(run: RunResult) -> str:
    """As JSON text: step → workload → lines. Steps that proved nothing are left out."""
    content: dict[str, dict[str, list[str]]] = {}
    for step in run.steps:
        for proof in step.proofs:
            content.setdefault(step.id, {})[proof.workload] = list(proof.routing)
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
