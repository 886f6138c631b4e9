"""docs/local-cluster.md says what the local cluster's own tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "local-cluster.md"


def test_the_page_is_current_and_lists_both_sides() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate_local_cluster_page.py", "--check"], cwd=ROOT, check=False
    )
    assert done.returncode == 0, "run: .venv/bin/python tools/generate_local_cluster_page.py"
    page = PAGE.read_text(encoding="utf-8")
    assert "| VirtualService | vs |" in page
    assert "| StatefulSet | apps | empty list |" in page
    assert "| Ingress | networking.k8s.io | refused |" in page
    assert "`corsPolicy`" in page
