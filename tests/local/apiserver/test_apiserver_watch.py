"""Watches on the wire: initial events, bookmarks, selectors, order, slow and departed clients."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
from typing import Any

import aiohttp
import pytest
from apiserver_world import World, config_map, named, until, until_no_connections

from harness.local.apiserver import watching
from harness.local.apiserver.options import ListOptions
from harness.local.apiserver.targets import find
from harness.local.apiserver.watching import events
from harness.local.store import Store, kinds
from harness.local.store.store import copied

PATH = "/api/v1/namespaces/default/configmaps"


def create(world: World, name: str, **labels: str) -> None:
    document = {**config_map(name), "metadata": {"name": name, "labels": labels}}
    world.do(lambda: world.store.create(kinds.CONFIG_MAPS, document, "default"))


def relabel(world: World, name: str, **labels: str) -> None:
    def change() -> None:
        new = copied(world.store.get(kinds.CONFIG_MAPS, "default", name))
        new["metadata"]["labels"] = labels
        world.store.update(kinds.CONFIG_MAPS, new)

    world.do(change)


def shape(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["type"], each["object"]["metadata"].get("name", "")) for each in events]


def test_initial_events_end_with_an_annotated_bookmark(world: World) -> None:
    create(world, "a")
    events = world.watch(
        PATH,
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
        timeoutSeconds="1",
    )
    assert shape(events)[:2] == [("ADDED", "a"), ("BOOKMARK", "")]
    metadata = events[1]["object"]["metadata"]
    assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert metadata["resourceVersion"] == str(world.store.version)
    assert events[1]["object"]["kind"] == "ConfigMap"


def test_initial_events_need_their_companions(world: World) -> None:
    for query in ("sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"):
        answer = world.request("GET", f"{PATH}?watch=true&{query}")
        assert answer.status_code == 422


def test_an_object_that_stops_matching_is_deleted_for_the_watcher(world: World) -> None:
    start = str(world.store.version)
    create(world, "a", app="x")
    create(world, "b", app="y")
    relabel(world, "a", app="y")
    relabel(world, "a", app="x")
    events = world.watch(PATH, resourceVersion=start, labelSelector="app=x", timeoutSeconds="1")
    assert shape(events) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]
    assert events[1]["object"]["metadata"]["labels"] == {"app": "x"}
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
    assert versions == sorted(versions)


def test_a_watch_by_name_sees_nothing_else(world: World) -> None:
    start = str(world.store.version)
    create(world, "a")
    create(world, "b")
    events = world.watch(f"{PATH}/a", resourceVersion=start, timeoutSeconds="1")
    assert shape(events) == [("ADDED", "a")]


def test_other_namespaces_are_not_seen(world: World) -> None:
    start = str(world.store.version)
    world.do(lambda: world.store.create(kinds.CONFIG_MAPS, named("there"), "kube-system"))
    assert world.watch(PATH, resourceVersion=start, timeoutSeconds="1") == []


def test_a_version_from_another_life_is_an_error_event(world: World) -> None:
    events = world.watch(PATH, resourceVersion="999999", timeoutSeconds="1")
    assert [(each["type"], each["object"]["code"]) for each in events] == [("ERROR", 410)]


@pytest.mark.parametrize(
    "query", ["resourceVersion=x", "labelSelector=%21%21", "timeoutSeconds=-1"]
)
def test_malformed_watches_are_refused_before_they_start(world: World, query: str) -> None:
    assert world.request("GET", f"{PATH}?watch=true&{query}").status_code == 400


def test_continue_and_exact_versions_expire_with_410(world: World) -> None:
    assert (
        world.request("GET", f"{PATH}?resourceVersion=1&resourceVersionMatch=Exact").status_code
        == 410
    )
    assert world.request("GET", f"{PATH}?continue=nonsense").status_code == 400


def test_twenty_writers_and_fifty_watchers_lose_and_reorder_nothing(world: World) -> None:
    writers, watchers, writes = 20, 50, 5
    start = str(world.store.version)
    context = ssl.create_default_context(cadata=world.credentials.ca.decode())
    headers = {"Authorization": f"Bearer {world.credentials.token}"}
    expected = writers * (writes + 1)

    async def watch(session: aiohttp.ClientSession) -> list[tuple[str, str, int]]:
        query = {"watch": "true", "resourceVersion": start}
        seen = []
        async with session.get(world.url + PATH, params=query) as answer:
            async for line in answer.content:
                event = json.loads(line)
                metadata = event["object"]["metadata"]
                version = int(metadata["resourceVersion"])
                seen.append((event["type"], metadata["name"], version))
                if len(seen) == expected:
                    return seen
        raise AssertionError(f"the watch ended after {len(seen)} of {expected} events")

    async def write(session: aiohttp.ClientSession, name: str) -> None:
        async with session.post(world.url + PATH, json=named(name)) as answer:
            assert answer.status == 201
        for number in range(writes):
            patch = json.dumps({"data": {"n": str(number)}})
            merge = {"Content-Type": "application/merge-patch+json"}
            async with session.patch(
                f"{world.url}{PATH}/{name}", data=patch, headers=merge
            ) as answer:
                assert answer.status == 200

    async def storm() -> list[list[tuple[str, str, int]]]:
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            watching = [asyncio.create_task(watch(session)) for _ in range(watchers)]
            await asyncio.gather(*(write(session, f"c{number}") for number in range(writers)))
            results = await asyncio.wait_for(asyncio.gather(*watching), 60)
        await until_no_connections()
        return results

    results = asyncio.run(storm())
    first = results[0]
    assert [version for _, _, version in first] == sorted({version for _, _, version in first})
    assert all(result == first for result in results)
    assert sum(1 for kind, _, _ in first if kind == "ADDED") == writers


def test_a_watcher_that_stops_reading_holds_nobody_up(world: World) -> None:
    start = str(world.store.version)
    with world.request(
        "GET", f"{PATH}?watch=true&resourceVersion={start}", stream=True
    ):  # never read
        big = "x" * 100_000
        for number in range(60):
            document = config_map(f"c{number}", a=big)
            assert world.post(PATH, document).status_code == 201
        events = world.watch(PATH, resourceVersion=start, timeoutSeconds="2")
    assert len(events) == 60


def test_departed_watchers_leave_nothing_behind(world: World) -> None:
    context = ssl.create_default_context(cadata=world.credentials.ca.decode())
    headers = {"Authorization": f"Bearer {world.credentials.token}"}

    async def come_and_go() -> None:
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            for _ in range(5):
                answer = await session.get(world.url + PATH, params={"watch": "true"})
                assert answer.status == 200
                answer.close()
        await until_no_connections()

    asyncio.run(come_and_go())

    world.run(until(lambda: not any(world.store._wakers.values())))
    assert not any(world.store._wakers.values())


def test_a_quiet_watch_of_a_busy_kind_gets_its_bookmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.05)

    async def keep_busy(store: Store) -> None:
        for number in itertools.count():
            new = copied(store.get(kinds.CONFIG_MAPS, "default", "a"))
            new["data"] = {"number": str(number)}
            store.update(kinds.CONFIG_MAPS, new)
            await asyncio.sleep(0)

    async def scenario() -> None:
        store = Store()
        store.create(kinds.NAMESPACES, named("default"))
        store.create(kinds.CONFIG_MAPS, config_map("a"), "default")
        options = ListOptions(
            watch=True,
            bookmarks=True,
            labels="app=none",
            resource_version=str(store.version),
        )
        following = events(store, find(PATH), options, lambda obj: obj)
        busy = asyncio.create_task(keep_busy(store))
        async with asyncio.timeout(10):
            [(first, earlier)], [(second, later)] = await anext(following), await anext(following)
        busy.cancel()
        assert (first, second) == ("BOOKMARK", "BOOKMARK")
        versions = [int(each["metadata"]["resourceVersion"]) for each in (earlier, later)]
        assert int(options.resource_version) < versions[0] < versions[1]

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", range(5))
def test_a_watch_ends_when_it_is_cancelled_whatever_it_was_just_woken_for(turns: int) -> None:
    async def scenario() -> None:
        store = Store()
        store.create(kinds.NAMESPACES, named("default"))
        begun = asyncio.Event()

        async def follow() -> None:
            options = ListOptions.parse({"watch": "true"})
            async for batch in events(store, find(PATH), options, lambda obj: obj):
                assert batch is not None
                begun.set()

        watching = asyncio.create_task(follow())
        await asyncio.wait_for(begun.wait(), 10)
        # Behind the first batch it waits for a change.
        await asyncio.sleep(0)
        store.create(kinds.CONFIG_MAPS, config_map("a"), "default")
        for _ in range(turns):
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching}, timeout=10)
        assert watching.cancelled()

    asyncio.run(scenario())
