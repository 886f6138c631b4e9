"""The chapter on real Envoys: what clients get, read from their answers."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import chapter_yaml as chapter
import pytest
from pilot_mesh import Mesh, mesh
from pilot_objects import add_endpoints, add_service, apply

from harness.local.contracts import OutsideWorld, ProxyState
from harness.local.store import kinds

HOST = "catalog.istioinaction.io"
CATALOG = "http://catalog.istioinaction/items"
USERS = "http://jsonplaceholder.typicode.com/users"


async def _asked(world: Mesh, n: int, **headers: str) -> Counter[str]:
    return Counter([(await world.ask(HOST, headers=headers)).body for _ in range(n)])


async def _called(world: Mesh, n: int, url: str = CATALOG, **headers: str) -> Counter[str]:
    return Counter([(await world.call("webapp", url, headers)).body for _ in range(n)])


def test_the_gateway_lessons() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.add_catalog()
            await world.apply(chapter.GATEWAY + "---" + chapter.VS)
            assert (await _asked(world, 40)).keys() == {"v1", "v2"}
            await world.apply(chapter.DESTINATION_RULE + "---" + chapter.VS_V1)
            assert await _asked(world, 40) == {"v1": 40}
            await world.apply(chapter.VS_V2_REQUEST)
            assert await _asked(world, 20) == {"v1": 20}
            assert await _asked(world, 20, **{"X-Istio-Cohort": "internal"}) == {"v2": 20}
            assert await _asked(world, 20, **{"x-istio-cohort": "Internal"}) == {"v1": 20}
            assert (await world.ask(HOST.upper())).body == "v1"
            assert (await world.ask(HOST + ":80")).body == "v1"
            assert (await world.ask("webapp.istioinaction.io")).status == 404

    asyncio.run(lesson())


def test_the_mesh_lessons() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.apply(chapter.GATEWAY + "---" + chapter.VS)
            assert (await _called(world, 40)).keys() == {"v1", "v2"}
            await world.apply(chapter.DESTINATION_RULE + "---" + chapter.MESH_V1)
            for host in ("catalog", "catalog.istioinaction.svc.cluster.local."):
                assert await _called(world, 10, f"http://{host}/items") == {"v1": 10}
            assert (await _asked(world, 40)).keys() == {"v1", "v2"}, "the gateway is not the mesh"
            assert await world.raw("webapp", "http://catalog:80/items") == 200
            assert await world.raw("webapp", "http://catalog:81/items") == 503
            await world.apply(chapter.MESH_V2_REQUEST)
            assert await _called(world, 10) == {"v1": 10}
            assert await _called(world, 10, **{"x-istio-cohort": "internal"}) == {"v2": 10}
            await world.apply(chapter.mesh_weights(90, 10))
            split = await _called(world, 1000)
            assert split.keys() == {"v1", "v2"}
            assert 851 <= split["v1"] <= 943

    asyncio.run(lesson())


def test_a_mirror_copies_and_never_answers() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.apply(chapter.DESTINATION_RULE + "---" + chapter.MESH_MIRROR)
            assert await _called(world, 20, CATALOG + "?n=1") == {"v1": 20}
            await world.until(lambda: len([s for s in world.seen if s.app == "v2"]) == 20)
            copies = [seen for seen in world.seen if seen.app == "v2"]
            assert {copy.headers["Host"] for copy in copies} == {"catalog.istioinaction"}
            assert {copy.path for copy in copies} == {"/items?n=1"}

    asyncio.run(lesson())


def test_the_egress_lessons() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.sidecar("forum", {"app": "forum"}, 8080)
            await world.apply(chapter.mesh_config("ALLOW_ANY"))
            refused = await world.call("forum", USERS)
            assert refused.status == 503, "nobody listens at the stand-in's address"
            await world.outside_application()
            assert (await world.call("forum", USERS)).body == "outside"
            await world.apply(chapter.mesh_config("REGISTRY_ONLY"))
            blocked = await world.call("forum", USERS)
            assert (blocked.status, blocked.body) == (502, "")
            await world.apply(chapter.SERVICE_ENTRY)
            assert (await world.call("forum", USERS)).body == "outside"
            assert await world.raw("forum", USERS.replace(".com", ".com:80")) == 200
            assert (await world.call("forum", USERS.replace(".com", ".com:81"))).status == 502
            assert (await world.call("forum", "http://elsewhere.com/")).status == 502
            assert {s.headers["Host"] for s in world.seen} == {
                "jsonplaceholder.typicode.com",
                "jsonplaceholder.typicode.com:80",
            }

    asyncio.run(lesson())


def test_without_a_stand_in_unknown_hosts_are_looked_up() -> None:
    async def lesson() -> None:
        async with mesh(OutsideWorld(None)) as world:
            await world.sidecar("forum", {"app": "forum"}, 8080)
            await world.apply(chapter.mesh_config("ALLOW_ANY"))
            port = await world.outside_application()
            assert (await world.call("forum", f"http://localhost:{port}/x")).body == "outside"
            await world.apply(chapter.mesh_config("REGISTRY_ONLY"))
            assert (await world.call("forum", f"http://localhost:{port}/x")).status == 502

    asyncio.run(lesson())


def test_a_tunnel_is_refused() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.sidecar("forum", {"app": "forum"}, 8080)
            await world.apply(chapter.mesh_config("ALLOW_ANY"))
            assert await world.raw("forum", "example.com:443", "CONNECT") == 404

    asyncio.run(lesson())


def test_only_the_share_of_a_missing_subset_fails() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            only_v1 = chapter.DESTINATION_RULE[
                : chapter.DESTINATION_RULE.index("  - name: version-v2")
            ]
            await world.apply(only_v1 + "---" + chapter.mesh_weights(50, 50))
            answers = [await world.call("webapp", CATALOG) for _ in range(200)]
            outcomes = Counter((answer.status, answer.body) for answer in answers)
            assert outcomes.keys() == {(200, "v1"), (503, "")}
            assert 50 < outcomes[200, "v1"] < 150
            await world.apply(chapter.MESH_V2_REQUEST)
            assert await _called(world, 10) == {"v1": 10}, "other rules are unaffected"
            internal = await world.call("webapp", CATALOG, {"x-istio-cohort": "internal"})
            assert (internal.status, internal.body) == (503, "")

    asyncio.run(lesson())


def test_no_ready_endpoint_and_no_listener_answer_503() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            for name, members in (("empty", {}), ("refusing", {"gone": "127.0.0.1"})):
                add_service(world.store, name, [{"name": "http", "port": 80, "targetPort": 1}])
                add_endpoints(world.store, name, 1, members, port_name="http")
            await world.apply(chapter.mesh_config("REGISTRY_ONLY"))
            empty = await world.call("webapp", "http://empty/")
            assert (empty.status, empty.body) == (503, "no healthy upstream")
            refusing = await world.call("webapp", "http://refusing/")
            assert refusing.status == 503
            await world.until(lambda: "remote_connection_failure" in world.log("webapp"))
            lines = [line for line in world.log("webapp").splitlines() if '"GET' in line]
            assert [set(line.split()[5].split(",")) for line in lines] == [{"UH"}, {"UF", "URX"}]

    asyncio.run(lesson())


def test_headers_and_access_log_are_istio_s() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            config = chapter.mesh_config("ALLOW_ANY")
            await world.apply("---".join((config, chapter.GATEWAY, chapter.VS)))
            assert (await world.ask(HOST)).headers["server"] == "istio-envoy"
            assert (await world.call("webapp", CATALOG)).headers["server"] == "envoy"
            for seen in world.seen:
                assert seen.headers["X-Envoy-Attempt-Count"] == "1"
                assert seen.headers["X-Request-Id"]
            await world.until(lambda: '"GET /items HTTP/1.1" 200 - via_upstream' in world.log("gw"))
            assert "outbound|80||catalog.istioinaction.svc.cluster.local" in world.log("gw")
            assert "inbound|3000||" in world.log("v1") + world.log("v2")

    asyncio.run(lesson())


def test_a_rejected_route_is_said_on_its_object_and_the_old_one_stays() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.apply(chapter.DESTINATION_RULE + "---" + chapter.MESH_V1)
            broken = chapter.MESH_V2_REQUEST.replace("exact: internal", "regex: '(?=internal)'")
            apply(world.store, broken)
            await world.until(lambda: world.state("webapp") is ProxyState.REJECTED)
            assert world.rejection("webapp") == "invalid perl operator: (?="
            assert await _called(world, 10) == {"v1": 10}, "Envoy keeps what it had"
            warnings = [e for e in world.events() if e["type"] == "Warning"]
            (event,) = [e for e in warnings if "webapp" in e["message"]]
            assert (event["type"], event["reason"]) == ("Warning", "Rejected")
            assert event["involvedObject"]["kind"] == "VirtualService"
            assert event["involvedObject"]["name"] == "catalog"
            assert world.rejection("webapp") in event["message"]
            await world.apply(chapter.MESH_V2_REQUEST)
            assert world.rejection("webapp") == ""
            accepted = [e for e in world.events() if e["reason"] == "Accepted"]
            assert {e["involvedObject"]["name"] for e in accepted} == {"catalog"}
            assert await _called(world, 5, **{"x-istio-cohort": "internal"}) == {"v2": 5}

    asyncio.run(lesson())


def test_a_port_that_cannot_be_had_is_said_on_the_gateway() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.converged()
            with socket.create_server(("127.0.0.1", world.ingress_port)):
                apply(world.store, chapter.GATEWAY)
                await world.until(lambda: world.state("gw") is ProxyState.REJECTED)
            (event,) = world.events()
            assert event["involvedObject"]["kind"] == "Gateway"
            assert event["involvedObject"]["name"] == "catalog-gateway"
            assert f"127.0.0.1:{world.ingress_port}" in event["message"]

    asyncio.run(lesson())


def test_an_object_that_should_not_be_there_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.apply(chapter.DESTINATION_RULE)
            apply(world.store, chapter.SERVICE_ENTRY.replace("number: 80", "number: eighty"))
            await world.converged()
            assert "proxies keep what they have" in caplog.text
            assert (await _called(world, 10)).keys() <= {"v1", "v2"}
            world.store.delete(kinds.SERVICE_ENTRIES, "istioinaction", "jsonplaceholder")
            await world.apply(chapter.MESH_V1)
            assert await _called(world, 10) == {"v1": 10}

    asyncio.run(lesson())


def test_no_request_fails_while_subsets_and_routes_come_and_go() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.converged()
            outcomes: Counter[int] = Counter()
            ended = asyncio.Event()

            async def keep_calling() -> None:
                while not ended.is_set():
                    outcomes[(await world.call("webapp", CATALOG)).status] += 1

            callers = [asyncio.create_task(keep_calling()) for _ in range(3)]
            for _ in range(8):
                await world.apply(chapter.DESTINATION_RULE + "---" + chapter.mesh_weights(50, 50))
                before = outcomes.total()
                await world.until(lambda n=before: outcomes.total() >= n + 20)
                world.store.delete(kinds.VIRTUAL_SERVICES, "istioinaction", "catalog")
                world.store.delete(kinds.DESTINATION_RULES, "istioinaction", "catalog")
                await world.converged()
            ended.set()
            await asyncio.gather(*callers)
            assert outcomes.keys() == {200}
            assert outcomes.total() >= 160

    asyncio.run(lesson())


def test_a_proxy_that_leaves_is_disconnected_and_ready_endpoints_follow_at_once() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.add_catalog()
            await world.sidecar("webapp", {"app": "webapp"}, 8080)
            await world.converged()
            slice_ = dict(world.store.get(kinds.ENDPOINT_SLICES, "istioinaction", "catalog-3000"))
            endpoints = [dict(endpoint) for endpoint in slice_["endpoints"]]
            endpoints[0]["conditions"] = {"ready": False}
            world.store.update(kinds.ENDPOINT_SLICES, {**slice_, "endpoints": endpoints})
            await world.converged()
            assert await _called(world, 20) == {"v2": 20}
            await world.stop("webapp")
            await world.until(lambda: world.state("webapp") is ProxyState.DISCONNECTED)

    asyncio.run(lesson())
