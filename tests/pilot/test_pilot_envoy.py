"""The chapter on real Envoys: what clients get, read from their answers."""

from __future__ import annotations

import asyncio
from collections import Counter

import chapter_yaml as chapter
from pilot_mesh import Mesh, mesh

HOST = "catalog.istioinaction.io"
CATALOG = "http://catalog.istioinaction/items"


async def _answers(world: Mesh, n: int, **headers: str) -> Counter[str]:
    return Counter([(await world.ask(HOST, headers=headers)).body for _ in range(n)])


def test_the_gateway_lessons() -> None:
    async def lesson() -> None:
        async with mesh() as world:
            await world.gateway()
            await world.add_catalog()
            await world.apply(chapter.GATEWAY + "---" + chapter.VS)
            assert (await _answers(world, 40)).keys() == {"v1", "v2"}
            await world.apply(chapter.DESTINATION_RULE + "---" + chapter.VS_V1)
            assert await _answers(world, 40) == {"v1": 40}
            await world.apply(chapter.VS_V2_REQUEST)
            assert await _answers(world, 20) == {"v1": 20}
            assert await _answers(world, 20, **{"X-Istio-Cohort": "internal"}) == {"v2": 20}
            assert await _answers(world, 20, **{"x-istio-cohort": "Internal"}) == {"v1": 20}

    asyncio.run(lesson())
