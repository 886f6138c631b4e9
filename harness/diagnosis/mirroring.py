"""Why copies of requests are missing, or are too many. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from harness.diagnosis import shop
from harness.diagnosis.destinations import expand, way_to
from harness.diagnosis.evidence import Evidence, Finding, Json, namespace, show, title
from harness.diagnosis.routing import gateway_hop, mesh_hop
from harness.model import MirrorCheck


def explain(evidence: Evidence, check: MirrorCheck) -> list[Finding]:
    """What the rule in force says of copies, if it is not a copy of each to the workload."""
    request = check.traffic.request
    callee = shop.CALLS.get(request.path)
    hop = mesh_hop(evidence, callee, request) if callee else gateway_hop(evidence, request)
    if hop.rule is None or hop.http is None:
        return []
    see = show("virtualservice", hop.rule)
    copies = _copies(hop.http)
    if not copies:
        return [Finding(f"{title(hop.rule)} mirrors nothing to the {check.workload.title}", see)]
    found = []
    for destination, percent in copies:
        host = expand(destination["host"], namespace(hop.rule))
        way = way_to(evidence, host, destination.get("subset", ""), 1.0, hop.rule)
        if way.fault:
            found.append(way.fault)
        elif not all(_carries(pod, check.workload.labels) for pod in way.pods):
            found.append(
                Finding(
                    f"{title(hop.rule)} mirrors to subset {way.subset or 'none'} of {host}, whose "
                    f"pods are not the {check.workload.title}",
                    see,
                )
            )
        elif percent != 100:
            found.append(
                Finding(
                    f"{title(hop.rule)} mirrors {percent:g}% of the requests (mirrorPercentage); "
                    "wanted 100%",
                    see,
                )
            )
    return found


def _copies(http: Json) -> list[tuple[Json, float]]:
    copies: list[tuple[Json, float]] = []
    if mirror := http.get("mirror"):
        given = http.get("mirrorPercentage")
        copies.append((mirror, float(given.get("value", 0)) if given else 100.0))
    for entry in http.get("mirrors") or ():
        given = entry.get("percentage")
        copies.append((entry["destination"], float(given.get("value", 0)) if given else 100.0))
    return copies


def _carries(pod: Json, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (pod["metadata"].get("labels") or {}).items()
