"""Writes docs/local-cluster.md from the local cluster's tables. --check: exit 1 if it differs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from harness.local.apiserver import discovery, pod_rules, refused, routes
from harness.local.node.injection import POD_LABEL
from harness.local.pilot.admission import support
from harness.local.pilot.admission.schema import schema_of
from harness.local.store import ALL, Resource

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "local-cluster.md"


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join(
        (
            "# What the local cluster does, and what it refuses",
            "",
            "Made by `tools/generate_local_cluster_page.py` from the tables that the cluster reads",
            "itself; a test keeps it current. What is refused is refused aloud, with a `Status`",
            "that says *not supported by the local cluster* and what to use instead:",
            "`make e2e CLUSTER=kind`, or `CLUSTER=context:NAME`.",
            "",
            "## Kinds served",
            "",
            "| kind | short | versions | verbs | subresources |",
            "|-|-|-|-|-|",
            *(_served(resource) for resource in ALL),
            "",
            "## Kinds not served",
            "",
            "Writing any of them is refused. Reading is too, except for those that kubectl lists",
            "in passing (`get all`, `describe`): their lists are empty. So are all lists by which",
            "`kubectl apply --prune` and `kubectl diff --prune` look for what to prune.",
            "",
            "| kind | group | reading | versions |",
            "|-|-|-|-|",
            *(_refused(resource) for resource in refused.REFUSED),
            "",
            "Subresources not served: " + _listed(routes.UNSERVED_SUBRESOURCES) + ".",
            "`kubectl top` says that the metrics API is not available. `kubectl debug POD",
            "--copy-to=NAME` copies a pod and goes no further (`-it` would attach); `kubectl debug",
            "POD` without it (an ephemeral container) and `kubectl debug node/NAME` are refused:",
            "use `kubectl exec`, or a copy.",
            "",
            "## Users",
            "",
            "There is one user, who may do everything. `--as`, `--as-group`, `--as-uid` and",
            "`--as-user-extra` (impersonation) are refused: leave them out, or use a full cluster.",
            "",
            "## Pods",
            "",
            "A pod is a group of processes on this machine. These fields are refused, because",
            "dropping them would change what the application does:",
            _listed(pod_rules.UNHONOURED) + ";",
            "in a container " + _listed(pod_rules.UNHONOURED_IN_CONTAINER) + ";",
            "`hostPort`, `grpc` probes, `resourceFieldRef`, and volumes other than `emptyDir`.",
            "These are accepted with a warning, because they mean nothing on one node:",
            _listed(pod_rules.IGNORED) + ".",
            "Resources and security contexts are accepted and not enforced. A pod without a",
            "sidecar cannot call services by name. A service account is not looked up.",
            "",
            "A running pod keeps its images: another one is refused with the remedy, where a",
            "kubelet would restart the container. Deployments roll as ever.",
            "",
            "The sidecar is an ordinary container `istio-proxy`. Istio from 1.27 on makes it a",
            "native sidecar: an init container with `restartPolicy: Always`, which ends with the",
            "pod's own containers. Here it goes on, so a pod that runs to completion",
            "(`restartPolicy: Never` or `OnFailure`) stays `1/2 NotReady` instead of `Completed`.",
            f'Give such a pod the label `{POD_LABEL}: "false"`: it then gets no',
            "sidecar. Only the label counts here; the older annotation of that name, which Istio",
            "follows as well, is ignored.",
            "",
            "## Istio's fields",
            "",
            "Fields in the left column are followed (with the values given, where not all are);",
            "those in the right column exist in Istio and are refused with their path.",
            "",
            *(line for kind in sorted(support.SUPPORTED) for line in _fields(kind)),
        )
    )


def _served(resource: Resource) -> str:
    return (
        f"| {resource.kind} | {', '.join(resource.short_names)} "
        f"| {', '.join(resource.api_version(version) for version in resource.versions)} "
        f"| {', '.join(discovery.verbs(resource))} | {', '.join(resource.subresources)} |"
    )


def _refused(resource: Resource) -> str:
    reading = "empty list" if refused.lists_none(resource) else "refused"
    versions = ", ".join(resource.versions)
    return f"| {resource.kind} | {resource.group or 'core'} | {reading} | {versions} |"


def _listed(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _fields(kind: str) -> Iterator[str]:
    yield f"### {kind}"
    yield ""
    yield "| field | followed | refused |"
    yield "|-|-|-|"
    yield from _rows("spec", support.SUPPORTED[kind], schema_of(kind))
    yield ""


def _rows(path: str, tree: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    known = _properties(schema)
    if "*" in tree:
        yield from _rows(f"{path}.*", tree["*"], schema.get("additionalProperties") or {})
        return
    followed = [f"`{name}`{_values(tree[name])}" for name in sorted(tree)]
    others = _listed(set(known) - set(tree))
    yield f"| `{path}` | {', '.join(followed)} | {others} |"
    for name in sorted(tree):
        if isinstance(tree[name], Mapping):
            yield from _rows(f"{path}.{name}", tree[name], known.get(name) or {})


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties") or (schema.get("items") or {}).get("properties") or {}
    return dict(found)


def _values(leaf: Any) -> str:
    if not isinstance(leaf, support.Only):
        return ""
    return " (" + ", ".join(str(value) or "empty" for value in leaf.values) + ")"


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
