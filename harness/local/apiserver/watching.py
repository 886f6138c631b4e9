"""Watches: the store's changes as one client selected them, as lines of JSON.

Each watcher reads the shared history at its own pace: one that stops reading holds nobody up,
and gets 410 when the history no longer reaches back to it.
Semantics: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from harness.local.apiserver.listing import at_version, parse_version, selection
from harness.local.apiserver.options import ListOptions
from harness.local.apiserver.selectors import Predicate
from harness.local.apiserver.statuses import Refusal, gone, status_of
from harness.local.apiserver.targets import Target
from harness.local.store import Event, EventType, Expired, Object, Store

BOOKMARK_SECONDS: Final = 45.0
"""Between two bookmarks, however busy the kind is."""
TURNS_OF_ROOMS: Final = 2
"""Turns of the event loop a watch leaves to the rooms that the same change has woken: the pilot
gets a new endpoint and pushes it, so that who heard `kubectl rollout status` seldom finds a proxy
that has no endpoint yet."""
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"

Render = Callable[[Object], Any]
WatchEvent = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where a watch starts: after ``since``, or with what exists now if that is None."""

    since: int | None
    announce_end: bool


def plan(store: Store, options: ListOptions) -> _Plan:
    """Read the start from the options; Refusal for combinations the API forbids."""
    version = parse_version(options.resource_version) if options.resource_version else 0
    if options.initial_events:
        if options.match != "NotOlderThan" or not options.bookmarks:
            raise Refusal(
                422,
                "Invalid",
                "ListOptions.meta.k8s.io is invalid: sendInitialEvents: Forbidden: needs "
                "resourceVersionMatch=NotOlderThan and allowWatchBookmarks=true",
            )
        if version > store.version:
            raise gone(f"Too large resource version: {version}, current: {store.version}")
        return _Plan(None, announce_end=True)
    if options.match:
        raise Refusal(
            422,
            "Invalid",
            "ListOptions.meta.k8s.io is invalid: resourceVersionMatch: Forbidden: "
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )
    return _Plan(version or None, announce_end=False)


def events(
    store: Store, target: Target, options: ListOptions, render: Render
) -> AsyncIterator[list[WatchEvent]]:
    """Batches of ``(type, object)`` until the time-out; ends after an ERROR event.

    Raises Refusal at once, before anything is iterated, if the request is malformed.
    """
    start, chosen = plan(store, options), selection(target, options)
    return _ending_with_error(_run(store, target, options, start, chosen, render))


async def _ending_with_error(
    batches: AsyncIterator[list[WatchEvent]],
) -> AsyncIterator[list[WatchEvent]]:
    try:
        async for batch in batches:
            yield batch
    except Expired as error:
        yield [("ERROR", status_of(error))]


async def _run(
    store: Store,
    target: Target,
    options: ListOptions,
    start: _Plan,
    chosen: Predicate | None,
    render: Render,
) -> AsyncIterator[list[WatchEvent]]:
    clock = asyncio.get_running_loop().time
    deadline, due = clock() + options.timeout, clock() + BOOKMARK_SECONDS
    if start.since is not None and start.since > store.version:
        raise Expired(f"too large resource version: {start.since}, current: {store.version}")
    with store.watch(target.resource, start.since) as watch:
        if start.since is None:
            yield _initial(store, target, start, chosen, render)
        while (now := clock()) < deadline:
            if now >= due:
                due = now + BOOKMARK_SECONDS
                if options.bookmarks:
                    yield [bookmark(target, watch.position, render)]
            try:
                # Not wait_for: in Python 3.11 it swallows a cancellation that comes just after
                # the wake, and the watch would outlive the server's stop.
                async with asyncio.timeout_at(min(deadline, due)):
                    changes = await watch.wait()
            except TimeoutError:
                continue
            for _ in range(TURNS_OF_ROOMS):
                await asyncio.sleep(0)
            if batch := list(_selected(changes, target, chosen, render)):
                yield batch
        if options.bookmarks:
            yield [bookmark(target, watch.position, render)]


def _initial(
    store: Store, target: Target, start: _Plan, chosen: Predicate | None, render: Render
) -> list[WatchEvent]:
    batch: list[WatchEvent] = [
        ("ADDED", render(at_version(target.resource, target.version, obj)))
        for obj in store.list(target.resource, target.namespace)
        if chosen is None or chosen(obj)
    ]
    if start.announce_end:
        batch.append(bookmark(target, store.version, render, ends_initial=True))
    return batch


def bookmark(
    target: Target, version: int, render: Render, *, ends_initial: bool = False
) -> WatchEvent:
    """A BOOKMARK: an object of the kind with nothing but a resourceVersion."""
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if ends_initial:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    obj = {"kind": target.resource.kind, "apiVersion": target.api_version, "metadata": metadata}
    return "BOOKMARK", render(obj)


def _selected(
    changes: Iterable[Event], target: Target, chosen: Predicate | None, render: Render
) -> Iterable[WatchEvent]:
    for change in changes:
        seen = transition(change, target.namespace, chosen)
        if seen is not None:
            kind, obj = seen
            yield kind.value, render(at_version(target.resource, target.version, obj))


def transition(
    change: Event, namespace: str | None, chosen: Predicate | None
) -> tuple[EventType, Object] | None:
    """What a selective watcher sees of a change.

    An object that stops matching is DELETED for this watcher, one that starts to is ADDED.
    """
    if namespace is not None and change.object["metadata"].get("namespace") != namespace:
        return None
    if chosen is None:
        return change.type, change.object
    before = change.previous is not None and chosen(change.previous)
    after = change.type is not EventType.DELETED and chosen(change.object)
    if after:
        return (EventType.MODIFIED if before else EventType.ADDED), change.object
    if not before:
        return None
    if change.type is EventType.DELETED:
        return EventType.DELETED, change.object
    assert change.previous is not None
    metadata = {
        **change.previous["metadata"],
        "resourceVersion": change.object["metadata"]["resourceVersion"],
    }
    return EventType.DELETED, {**change.previous, "metadata": metadata}
