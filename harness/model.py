"""The frozen vocabulary every room of the harness shares.

Data only: what a step is, what a sample observed, what a verdict says. Nothing here reads a
clock, a file or a socket, and nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class StepStatus(StrEnum):
    """Outcome of a step, as report.json spells it."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class OutboundPolicy(StrEnum):
    """``meshConfig.outboundTrafficPolicy.mode`` as Istio spells it."""

    ALLOW_ANY = "ALLOW_ANY"
    REGISTRY_ONLY = "REGISTRY_ONLY"


# --- what a step does to the cluster -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnsureNamespace:
    """Create the namespace if it is missing and set the labels."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply one manifest file; ``path`` is relative to the repository's root."""

    path: str


@dataclass(frozen=True, slots=True)
class DeleteAll:
    """Delete every object of these kinds (plural names) in the chapter's namespace."""

    plurals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetOutboundPolicy:
    """Change the mesh-wide outbound traffic policy, keeping every other mesh setting."""

    mode: OutboundPolicy


Action = EnsureNamespace | Apply | DeleteAll | SetOutboundPolicy


# --- which proxies a step concerns ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProxySelector:
    """Proxies by pod labels in a namespace; ``title`` is what a person reads."""

    title: str
    namespace: str
    labels: Mapping[str, str]


# --- traffic and what is expected of it ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One GET sent to the ingress, ``n`` times over."""

    path: str
    host: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        extra = "".join(f" -H '{name}: {value}'" for name, value in self.headers.items())
        return f"GET {self.path} -H 'Host: {self.host}'{extra}"


@dataclass(frozen=True, slots=True)
class Shares:
    """Answers fall on the labels with these probabilities (they sum to 1) and on nothing else."""

    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mixed:
    """Every label is seen, and nothing else; each label's true share is at least ``least``."""

    labels: tuple[str, ...]
    least: float


Expectation = Shares | Mixed


@dataclass(frozen=True, slots=True)
class Witness:
    """A workload whose access log has to bear a check's counts out.

    Its istio-proxy containers must have logged, for ``path``, exactly as many of the check's
    requests as were answered with one of ``labels``; without labels, none of them. With a
    ``status`` only requests count that the workload answered so: a try that failed, after which
    somebody else answered, is no answer of its.
    """

    workload: ProxySelector
    path: str
    labels: frozenset[str]
    status: int | None = None


@dataclass(frozen=True, slots=True)
class TrafficCheck:
    """A sample of one request, labelled by ``classifier``, judged once against ``expectation``.

    ``classifier`` names a function of harness.observation: "catalog" or "users".
    A ``control`` only shows that another check could fail (the same call had another outcome
    before the change), so it is content with seeing a coarser leak, from fewer answers.
    """

    request: Request
    classifier: str
    expectation: Expectation
    control: bool = False
    witnesses: tuple[Witness, ...] = ()
    """Who else has to know of it; asked once the whole run is over."""


@dataclass(frozen=True, slots=True)
class MirrorCheck:
    """Like a TrafficCheck, and every request must also have reached ``workload`` as a copy.

    Copies are counted in the access logs of the istio-proxy containers: requests for
    ``logged_path`` that ``primary`` answered and ``workload`` got too, under the same id.
    """

    traffic: TrafficCheck
    primary: ProxySelector
    workload: ProxySelector
    logged_path: str


@dataclass(frozen=True, slots=True)
class WorkloadCheck:
    """A Deployment is available, and each of its pods has exactly these containers, all ready."""

    namespace: str
    deployment: str
    containers: tuple[str, ...]


Check = TrafficCheck | MirrorCheck | WorkloadCheck


@dataclass(frozen=True, slots=True)
class Stage:
    """Change the cluster, prove the change is live on ``proxies``, then make the checks."""

    actions: tuple[Action, ...]
    proxies: tuple[ProxySelector, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chapter. ``id`` is a contract; ``title`` and ``why`` are for people."""

    id: str
    title: str
    why: str
    stages: tuple[Stage, ...]


# --- what came back, and what it means -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One request's outcome. Without an HTTP answer ``status`` is None and ``error`` says why."""

    status: int | None
    body: bytes
    headers: Mapping[str, str]
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """All answers of one sample, labelled and counted. ``sum(counts.values()) == n``."""

    n: int
    counts: Mapping[str, int]
    examples: Mapping[str, str]
    """One line per label: what the first such answer looked like."""


@dataclass(frozen=True, slots=True)
class Region:
    """Accepted counts of one label in a sample of n: ``low <= count <= high``."""

    label: str
    share: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class LogStart:
    """Where one proxy's log began at some moment, by which it is later seen to be whole.

    ``container`` is the id of the container, another one after each restart; ``head`` is what the
    log's first characters were, as far as there were any.
    """

    pod: str
    container: str
    head: str


@dataclass(frozen=True, slots=True)
class Account:
    """What access logs have to say of a sample that was sent.

    ``sender`` is the User-Agent of its requests and of no other. ``answered`` counts those that
    got an HTTP answer at all. ``wanted`` is how many requests each witness must have logged.
    ``starts`` tells where the logs began before anything was sent, by the workload's title.
    """

    sender: str
    answered: int
    wanted: tuple[tuple[Witness, int], ...]
    starts: Mapping[str, tuple[LogStart, ...]]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One judged check, as report.json lists it (plus the regions, for the drawing)."""

    request: str
    expectation: str
    n: int
    counts: Mapping[str, int]
    passed: bool
    false_alarm: float
    miss: float
    reason: str
    regions: tuple[Region, ...] = ()
    error: float = 0.0
    """The smallest error (a share) that ``miss`` speaks of; 0 where no share is judged."""
    account: Account | None = None
    """What the access logs must bear out; None where nobody is asked."""
    witness: str = ""
    """What the access logs said, or why they were not heard; empty where nobody was asked."""


@dataclass(frozen=True, slots=True)
class ProxyProof:
    """Proof that one proxy carries what the applied objects imply: how many facts were compared."""

    proxy: str
    facts: int
    seconds: float
    workload: str = ""
    """Whose proxy it is, without what differs from run to run."""
    routing: tuple[str, ...] = ()
    """All its routes and clusters, a line each, sorted: for comparing one run with another."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's outcome. ``effect_ms`` is None where the step changed no proxy configuration."""

    id: str
    title: str
    status: StepStatus
    seconds: float
    effect_ms: float | None
    checks: tuple[CheckResult, ...]
    diagnosis: str
    applied: tuple[str, ...] = ()
    proofs: tuple[ProxyProof, ...] = ()
    phases: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds by phase: apply, ready (workloads), proof, witness, traffic."""


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What ran: for the head of the report. Unknown values are empty strings."""

    cluster: str
    istio: str
    envoy: str
    kubernetes: str
    control_plane: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run. ``started`` is ISO 8601 in UTC; ``failure`` says why it broke off."""

    facts: ClusterFacts
    started: str
    seconds: float
    steps: tuple[StepResult, ...]
    failure: str = ""
    witness: str = ""
    """What the access logs said of the whole run, or why they were not heard."""
    bring_up: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds by part of the bring-up, where it has parts; they may overlap."""

    @property
    def passed(self) -> bool:
        """True only if something ran, nothing failed, and bring-up worked."""
        ran = [step for step in self.steps if step.status is not StepStatus.SKIPPED]
        return (
            not self.failure and bool(ran) and all(step.status is StepStatus.PASSED for step in ran)
        )
