"""Why forum does, or does not, reach the host outside the mesh. Pure.

Source: istio.io, accessing external services: under REGISTRY_ONLY a sidecar answers 502 for hosts
that no Service and no ServiceEntry names (virtual host block_all).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.diagnosis import shop
from harness.diagnosis.destinations import covers
from harness.diagnosis.evidence import Evidence, Finding, Json, show, title
from harness.model import Shares, TrafficCheck

POLICY = "meshConfig.outboundTrafficPolicy.mode"
SHOW_POLICY = "kubectl -n istio-system get configmap istio -o yaml"


def explain(evidence: Evidence, check: TrafficCheck, counts: Mapping[str, int]) -> list[Finding]:
    """What opens or closes the way out, against what was expected of it."""
    wanted = set(check.expectation.shares) if isinstance(check.expectation, Shares) else set()
    entry = _entry(evidence)
    opens = evidence.outbound_policy != "REGISTRY_ONLY"
    if wanted == {"blocked"} and "users" in counts:
        if entry is not None:
            return [
                Finding(
                    f"{title(entry)} opens {shop.OUTSIDE}:{shop.OUTSIDE_PORT}, and the call should "
                    "be blocked",
                    show("serviceentry", entry),
                )
            ]
        if opens:
            return [
                Finding(
                    f"{POLICY} is {evidence.outbound_policy}, so sidecars let calls to unknown "
                    f"hosts out; REGISTRY_ONLY would block {shop.OUTSIDE}",
                    SHOW_POLICY,
                )
            ]
    if wanted == {"users"} and "blocked" in counts and not opens and entry is None:
        return [_no_entry(evidence)]
    return []


def _entry(evidence: Evidence) -> Json | None:
    for entry in evidence.service_entries:
        ports = [port["number"] for port in entry["spec"].get("ports", ())]
        named = any(covers(host.lower(), shop.OUTSIDE) for host in entry["spec"].get("hosts", ()))
        if named and shop.OUTSIDE_PORT in ports:
            return entry
    return None


def _no_entry(evidence: Evidence) -> Finding:
    effect = f"under REGISTRY_ONLY, forum's sidecar answers 502 for {shop.OUTSIDE}"
    for entry in evidence.service_entries:
        ports = ", ".join(str(port["number"]) for port in entry["spec"].get("ports", ()))
        return Finding(
            f"{title(entry)} is for {', '.join(entry['spec'].get('hosts', ()))} port {ports}, not "
            f"for {shop.OUTSIDE} port {shop.OUTSIDE_PORT}: {effect}",
            show("serviceentry", entry),
        )
    return Finding(
        f"no ServiceEntry names {shop.OUTSIDE}: {effect}",
        f"{SHOW_POLICY}; kubectl get serviceentries -A",
    )
