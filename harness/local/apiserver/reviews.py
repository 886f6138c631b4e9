"""Questions that are answered on the spot: may I, what may I, who am I. Pure.

Whoever has the token may do everything, as the one user of a local cluster.
"""

from __future__ import annotations

from typing import Any, Final

USER: Final = "local-admin"
GROUPS: Final = ("system:masters", "system:authenticated")


def answer(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """The review with its ``status`` filled in."""
    if kind == "SelfSubjectReview":
        status: dict[str, Any] = {"userInfo": {"username": USER, "groups": list(GROUPS)}}
    elif kind == "SelfSubjectRulesReview":
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        status = {
            "resourceRules": [everything],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": False,
        }
    else:
        status = {"allowed": True}
    return {**document, "kind": kind, "status": status}
