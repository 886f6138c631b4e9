"""Faults of the applications behind correct routing, as the proxies' logs and pods show them.

Pure. Response flags: envoyproxy.io, access logging, %RESPONSE_FLAGS%.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from harness.diagnosis import shop
from harness.diagnosis.evidence import Evidence, Finding, Json, accesses, name, namespace
from harness.diagnosis.routing import Hop, mesh_hop, mesh_rules
from harness.model import Expectation, Request, Shares

INBOUND = "inbound|"
OWN_ANSWER = "via_upstream"
"""Response code detail of an answer that came from the application."""


def failing(evidence: Evidence) -> Iterator[Finding]:
    """Applications that answered with errors of their own, and proxies that raised flags.

    Only those deepest in the chain of calls: an error there makes the callers err too.
    """
    own: list[tuple[str, int, int, int]] = []
    raised: Counter[tuple[str, int, str, str]] = Counter()
    for pod, log in evidence.access.items():
        lines = list(accesses(log))
        inbound = [line for line in lines if line.cluster.startswith(INBOUND)]
        codes = Counter(
            line.code for line in inbound if line.code >= 500 and line.details == OWN_ANSWER
        )
        own += [(pod, code, times, len(inbound)) for code, times in codes.items()]
        for line in lines:
            if line.flags != "-" and line.code >= 400:
                raised[pod, line.code, line.flags, line.cluster] += 1
    callers = _callers(evidence)
    deepest = [found for found in own if found[0] not in callers] or own
    if not raised:
        for pod, code, times, of in deepest:
            space, _, short = pod.partition("/")
            yield Finding(
                f"pod {short} itself answered {code} to {times} of {of} requests (no response "
                "flag: the application's fault, not the mesh's)",
                f"kubectl -n {space} logs {short} -c istio-proxy | grep '\" {code} '",
            )
    for (pod, code, flags, cluster), times in raised.most_common(3):
        space, _, short = pod.partition("/")
        to = f" to {cluster}" if cluster != "-" else ""
        yield Finding(
            f"the proxy of pod {short} answered {code} {flags} to {times} requests{to}",
            f"kubectl -n {space} logs {short} -c istio-proxy | grep ' {code} {flags} '",
        )


def strange_call(evidence: Evidence, host: str) -> Iterator[Finding]:
    """A caller that asks for the service under a name nobody has."""
    path = shop.UPSTREAM_PATHS.get(host)
    for pod, log in evidence.access.items():
        lines = list(accesses(log))
        if not any(line.cluster.startswith(INBOUND) for line in lines):
            continue
        asked = Counter(
            line.authority
            for line in lines
            if line.path == path and not line.cluster.startswith((INBOUND, "outbound|"))
        )
        for authority, times in asked.most_common(1):
            space, _, short = pod.partition("/")
            yield Finding(
                f"pod {short} called host {authority} {times} times, which is no service of the "
                f"mesh; wanted {host}: look at its environment",
                f"kubectl -n {space} get pod {short} -o yaml",
            )


def wrong_version(hop: Hop, counts: Mapping[str, int], wanted: Expectation) -> Iterator[Finding]:
    """Pods that answer as another version than their label says."""
    expected = set(wanted.shares) if isinstance(wanted, Shares) else set(wanted.labels)
    missing, strange = expected - counts.keys(), counts.keys() - expected
    if isinstance(wanted, Shares) and len(expected) == 1 and not strange:
        return
    for way in hop.ways:
        for pod in way.pods:
            label = pod["metadata"].get("labels", {}).get(shop.VERSION_LABEL, "")
            shown = _variable(pod, shop.PICTURES)
            acts = "v2" if shown else "v1"
            if label in ("v1", "v2") and acts != label and (missing or strange):
                setting = f"{shop.PICTURES}={shown}" if shown else f"no {shop.PICTURES}"
                yield Finding(
                    f"pod {name(pod)} is labelled version={label} and answers as {acts}: its "
                    f"container runs with {setting}",
                    f"kubectl -n {namespace(pod)} get pod {name(pod)} -o yaml",
                )


def undelivered_header(
    evidence: Evidence, request: Request, host: str, hop: Hop
) -> Iterator[Finding]:
    """A caller that does not pass on the header by which the mesh routes its call."""
    path = shop.UPSTREAM_PATHS.get(host)
    if not request.headers or not mesh_rules(evidence, host) or hop.rule is None or path is None:
        return
    bare = mesh_hop(evidence, host, Request(request.path, request.host))
    meant = {way.subset for way in hop.ways}
    got = {way.subset for way in bare.ways}
    for pod, log in evidence.access.items():
        subsets = Counter(
            line.cluster.split("|")[2]
            for line in accesses(log)
            if line.cluster.startswith("outbound|") and line.cluster.endswith(f"|{host}")
        )
        strayed = sum(subsets[subset] for subset in got - meant)
        space, _, short = pod.partition("/")
        if strayed and not any(subsets[subset] for subset in meant) and _is_caller(evidence, pod):
            header = ", ".join(request.headers)
            yield Finding(
                f"webapp does not pass header {header} on: the sidecar of pod {short} sent "
                f"{strayed} calls to subset {', '.join(sorted(got))}, as for requests without it",
                f"kubectl -n {space} logs {short} -c istio-proxy | grep 'outbound|'",
            )


def _callers(evidence: Evidence) -> set[str]:
    """Pods whose proxies made calls of their own: gateways and applications that call others."""
    return {
        pod
        for pod, log in evidence.access.items()
        if any(not line.cluster.startswith((INBOUND, "-")) for line in accesses(log))
    }


def _is_caller(evidence: Evidence, pod: str) -> bool:
    """Whether the pod has an application in front of its calls: a gateway passes all headers on."""
    return any(line.cluster.startswith(INBOUND) for line in accesses(evidence.access[pod]))


def _variable(pod: Json, variable: str) -> str:
    for container in pod["spec"]["containers"]:
        for entry in container.get("env") or ():
            if entry["name"] == variable:
                return str(entry.get("value", ""))
    return ""
