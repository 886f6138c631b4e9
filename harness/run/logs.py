"""Reads the access logs of workloads' proxies, and whether they are whole. It judges nothing.

A log is whole if its container still runs and the log still begins as it did: kubelet gives only
the newest file of a container's log, and a restarted container begins another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness import observation
from harness.clusters import workloads
from harness.model import LogStart, ProxySelector

if TYPE_CHECKING:
    from harness.clusters.api import Api

LOG_INTERVAL: Final = 0.1
"""Seconds between two looks at access logs that are still being written."""
HEAD: Final = 200
"""Bytes by which a log is known again."""


@dataclass(frozen=True, slots=True)
class ProxyLog:
    """All that one proxy container has logged."""

    pod: str
    container: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkloadLog:
    """The logs of a workload's proxies, and the requests in them."""

    proxies: tuple[ProxyLog, ...]
    requests: tuple[observation.LoggedRequest, ...]

    def ids(self, path: str, status: int | None = None) -> frozenset[str]:
        """Ids of the requests for ``path``: all, or those that were answered with ``status``."""
        return frozenset(
            each.request_id
            for each in self.requests
            if each.path == path and status in (None, each.status)
        )


def starts(api: Api, workload: ProxySelector) -> tuple[LogStart, ...]:
    """Where the logs of a workload's proxies begin. StepFailed if they cannot be read."""
    return _starts(_proxies(api, workload, HEAD))


def read(api: Api, workload: ProxySelector) -> WorkloadLog:
    """What a workload's proxies have logged by now. StepFailed if that cannot be read."""
    proxies = tuple(_proxies(api, workload))
    requests = (each for proxy in proxies for each in observation.logged_requests(proxy.text))
    return WorkloadLog(proxies, tuple(requests))


def starts_of(log: WorkloadLog) -> tuple[LogStart, ...]:
    """Where logs begin that have been read."""
    return _starts(log.proxies)


def lost(began: Iterable[LogStart], log: WorkloadLog) -> str:
    """What of the logs that began so is not in ``log``, in words; empty if it is whole."""
    return "; ".join(_lost(began, {proxy.pod: proxy for proxy in log.proxies}))


def _lost(began: Iterable[LogStart], found: dict[str, ProxyLog]) -> Iterator[str]:
    for start in began:
        proxy = found.get(start.pod)
        if proxy is None:
            yield f"pod {start.pod} is gone"
        elif proxy.container != start.container:
            yield f"{workloads.PROXY_CONTAINER} of {start.pod} has been restarted"
        elif not proxy.text.startswith(start.head):
            yield f"the log of {start.pod} has been rotated"


def _starts(proxies: Iterable[ProxyLog]) -> tuple[LogStart, ...]:
    # The last byte of a head may be the first of a character.
    return tuple(
        LogStart(proxy.pod, proxy.container, proxy.text[:HEAD].rstrip("\ufffd"))
        for proxy in proxies
    )


def _proxies(
    api: Api, workload: ProxySelector, first_bytes: int | None = None
) -> Iterator[ProxyLog]:
    for pod in api.pods(workload.namespace, workload.labels):
        name = pod["metadata"]["name"]
        text = api.log(workload.namespace, name, workloads.PROXY_CONTAINER, first_bytes)
        yield ProxyLog(name, workloads.container_id(pod, workloads.PROXY_CONTAINER), text)
