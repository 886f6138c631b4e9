"""Why a sample is not as expected: the objects first, then the applications. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from harness.diagnosis import egress, resilience, shop
from harness.diagnosis.applications import failing, strange_call, undelivered_header, wrong_version
from harness.diagnosis.destinations import covers, expand, labels_text, subsets_of
from harness.diagnosis.evidence import (
    Evidence,
    Finding,
    Json,
    hosts_of,
    name,
    namespace,
    show,
    title,
)
from harness.diagnosis.routing import (
    Hop,
    gateway_hop,
    gateways_of,
    is_catch_all,
    matches,
    mesh_hop,
    mesh_rules,
    mismatches,
)
from harness.model import Mixed, Request, Shares, TrafficCheck

TOLERANCE = 0.005
"""Shares closer than this are taken as the same: weights are whole percents."""
UNREACHABLE = "reachability"
REFUSED = "refused"
"""Label of a connection that nobody accepted."""


def explain(evidence: Evidence, check: TrafficCheck, counts: Mapping[str, int]) -> list[Finding]:
    """The causes found, the likeliest first; empty if the evidence names none."""
    first = gateway_hop(evidence, check.request)
    if check.classifier == UNREACHABLE:
        return list(_still_reachable(check.request, first))
    if refused := counts.get(REFUSED, 0):
        return [_refused(refused, sum(counts.values())), *first.faults]
    callee = shop.CALLS.get(check.request.path)
    last = mesh_hop(evidence, callee, check.request) if callee else first
    default = evidence.default_retries
    remedies = resilience.explain(check, counts, callee, first, last, default) if callee else []
    if faults := first.faults or last.faults:
        # Attempts that are cut off pile up behind a caller until it is not ready any more.
        cut_off = remedies if shop.TIMED_OUT in counts else []
        return [*cut_off, *faults]
    if check.classifier == "users":
        return egress.explain(evidence, check, counts) or list(failing(evidence))
    return list(_versions(evidence, check, callee or shop.CATALOG, last, counts, remedies))


def _refused(refused: int, of: int) -> Finding:
    return Finding(
        f"the ingress refused {refused:,} of {of:,} connections: nothing listens at its port",
        "kubectl -n istio-system get service,pods; harness status",
    )


def shares(hop: Hop) -> dict[str, float]:
    """Share of the requests by the version label of the pods that get them."""
    found: Counter[str] = Counter()
    for way in hop.ways:
        for pod in way.pods:
            version = pod["metadata"].get("labels", {}).get(shop.VERSION_LABEL, "")
            found[version] += way.share / len(way.pods)  # type: ignore[assignment]
    return dict(found)


def _versions(
    evidence: Evidence,
    check: TrafficCheck,
    host: str,
    hop: Hop,
    counts: Mapping[str, int],
    remedies: Iterable[Finding],
) -> Iterator[Finding]:
    configured = shares(hop)
    expectation = check.expectation
    if isinstance(expectation, Mixed):
        agrees = set(configured) == set(expectation.labels)
    else:
        agrees = _same(configured, _of_versions(expectation))
    if not agrees:
        yield from _misrouted(evidence, check, host, hop, configured)
        return
    found = [
        *remedies,
        *strange_call(evidence, host),
        *failing(evidence),
        *wrong_version(hop, counts, expectation),
        *undelivered_header(evidence, check.request, host, hop),
    ]
    yield from found


def _misrouted(
    evidence: Evidence, check: TrafficCheck, host: str, hop: Hop, configured: Mapping[str, float]
) -> Iterator[Finding]:
    """The objects themselves say something else than what is expected."""
    swapped = list(_misleading_subsets(evidence, host, hop))
    if swapped:
        yield from swapped
    elif isinstance(check.expectation, Mixed):
        yield from _not_mixed(check.expectation, host, hop)
    elif hop.rule is None:
        yield _no_mesh_rule(evidence, host, check.expectation)
    elif passed_over := list(_passed_over(hop, check)):
        yield from passed_over
    elif older := _hidden_by_older(evidence, host, hop):
        yield older
    else:
        yield Finding(
            f"{title(hop.rule)} sends {_split(hop)} for {check.request}, which reaches "
            f"{_percents(configured)}; wanted {_percents(check.expectation.shares)}",
            show("virtualservice", hop.rule),
        )


def _misleading_subsets(evidence: Evidence, host: str, hop: Hop) -> Iterator[Finding]:
    """Subsets whose names end in one version and whose labels select another."""
    rule, subsets = subsets_of(evidence, host)
    if rule is None:
        return
    versions = {labels.get(shop.VERSION_LABEL, "") for labels in subsets.values()} | {"v1", "v2"}
    for way in hop.ways:
        labels = subsets.get(way.subset, {})
        says = labels.get(shop.VERSION_LABEL, "")
        named = way.subset.rpartition("-")[2]
        if way.subset and named in versions and named != says:
            yield Finding(
                f"{title(rule)}'s subset {way.subset} selects pods labelled {labels_text(labels)}, "
                f"not {shop.VERSION_LABEL}={named}",
                show("destinationrule", rule),
            )


def _not_mixed(wanted: Mixed, host: str, hop: Hop) -> Iterator[Finding]:
    if hop.rule is not None and any(way.subset for way in hop.ways):
        yield Finding(
            f"{title(hop.rule)} pins requests to {_split(hop)}, and both versions should answer",
            show("virtualservice", hop.rule),
        )
        return
    answering = shares(hop)
    service = host.partition(".")[0]
    for version in wanted.labels:
        if version not in answering:
            yield Finding(
                f"Service {service} has no ready endpoint of version {version}: "
                f"only {_percents(answering)} can answer",
                f"kubectl -n {host.split('.')[1]} get endpointslices,pods --show-labels",
            )
    for version in answering.keys() - set(wanted.labels):
        pods = [
            name(pod) for way in hop.ways for pod in way.pods
            if pod["metadata"].get("labels", {}).get(shop.VERSION_LABEL, "") == version
        ]  # fmt: skip
        yield Finding(
            f"Service {service} also selects pod {', '.join(pods)}, labelled version={version!r}",
            f"kubectl -n {host.split('.')[1]} get pods --show-labels",
        )


def _no_mesh_rule(evidence: Evidence, host: str, wanted: Shares) -> Finding:
    """No VirtualService acts on the call, so it goes to every endpoint of the service."""
    effect = f"calls to it are spread over all versions; wanted {_percents(wanted.shares)}"
    for rule in evidence.virtual_services:
        hosts = [expand(one, namespace(rule)) for one in hosts_of(rule)]
        if any(covers(one, host) for one in hosts):
            return Finding(
                f"{title(rule)} for host {host} is bound to {', '.join(gateways_of(rule))} and not "
                f"to mesh, so no sidecar uses it: {effect}",
                show("virtualservice", rule),
            )
    bound = [rule for rule in evidence.virtual_services if "mesh" in gateways_of(rule)]
    for rule in bound:
        return Finding(
            f"no VirtualService is for host {host} ({title(rule)} is for "
            f"{', '.join(rule['spec']['hosts'])}): {effect}",
            show("virtualservice", rule),
        )
    return Finding(
        f"no VirtualService for host {host} is bound to mesh: {effect}",
        "kubectl get virtualservices -A",
    )


def _passed_over(hop: Hop, check: TrafficCheck) -> Iterator[Finding]:
    """Rules the request was meant for, and why it does not come to them.

    Speaks only of requests with headers, whose rules are told apart by their matches, and of
    rules that take requests which should have gone on.
    """
    rule, taken = hop.rule, hop.http
    if rule is None or taken is None:
        return
    https = list(rule["spec"].get("http", ()))
    number = next(place for place, http in enumerate(https) if http is taken)
    for place, http in enumerate(https, 1):
        if http is taken or is_catch_all(http):
            continue
        if matches(http, check.request) and place > number:
            yield Finding(
                f"rule {number + 1} of {title(rule)} takes every request, so rule {place} "
                f"({_condition(http)}) is never reached",
                show("virtualservice", rule),
            )
        elif check.request.headers and not matches(http, check.request):
            reasons = [why for entry in http["match"] for why in mismatches(entry, check.request)]
            yield Finding(
                f"rule {place} of {title(rule)} does not match {check.request}: "
                f"{'; '.join(reasons)}",
                show("virtualservice", rule),
            )
    if not is_catch_all(taken) and len(https) > 1:
        yield Finding(
            f"rule {number + 1} of {title(rule)} ({_condition(taken)}) takes {check.request}, "
            f"which should go on to a later rule; it sends {_split(hop)}",
            show("virtualservice", rule),
        )


def _hidden_by_older(evidence: Evidence, host: str, hop: Hop) -> Finding | None:
    rules = mesh_rules(evidence, host)
    if hop.rule not in rules or len(rules) < 2:
        return None
    hidden = ", ".join(title(rule) for rule in rules[1:])
    return Finding(
        f"{title(rules[0])} is the oldest for host {host} in the mesh and hides {hidden}",
        show("virtualservice", rules[0]),
    )


def _still_reachable(request: Request, hop: Hop) -> Iterator[Finding]:
    if hop.gateway is not None and hop.rule is not None:
        yield Finding(
            f"{title(hop.gateway)} admits host {request.host} and {title(hop.rule)} routes it to "
            f"{', '.join(way.host for way in hop.ways) or 'nothing'}: nothing should answer there "
            "yet",
            f"kubectl -n {namespace(hop.gateway)} get gateways,virtualservices",
        )


def _of_versions(wanted: Shares) -> dict[str, float]:
    """The shares among the good answers: errors that are wanted come from no destination."""
    good = {label: share for label, share in wanted.shares.items() if label in shop.VERSIONS}
    whole = sum(good.values())
    return {label: share / whole for label, share in good.items()}


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(
        abs(one.get(label, 0.0) - other.get(label, 0.0)) < TOLERANCE for label in {*one, *other}
    )


def _split(hop: Hop) -> str:
    return " and ".join(
        f"{way.share:.0%} to {f'subset {way.subset}' if way.subset else way.host}"
        for way in hop.ways
    )


def _percents(found: Mapping[str, float]) -> str:
    return " and ".join(
        f"{share:.0%} {label or 'without version'}" for label, share in sorted(found.items())
    )


def _condition(http: Json) -> str:
    said = [
        f"header {header} {how} {value!r}"
        for entry in http["match"]
        for header, wanted in (entry.get("headers") or {}).items()
        for how, value in wanted.items()
    ]
    said += [
        f"uri {how} {value!r}"
        for entry in http["match"]
        for how, value in (entry.get("uri") or {}).items()
    ]
    return ", ".join(said) or "its match"
