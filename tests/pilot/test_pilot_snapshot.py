"""Which changes of the store can change what proxies are told."""

from __future__ import annotations

import pytest

from harness.local.pilot import snapshot
from harness.local.pilot.model import OutboundMode
from harness.local.store import Resource, Store, kinds


def mesh(mode: str) -> dict[str, str]:
    return {"mesh": f"outboundTrafficPolicy:\n  mode: {mode}\n"}


def store_with_namespaces() -> Store:
    store = Store()
    for name in ("istio-system", "shop"):
        store.create(kinds.NAMESPACES, {"metadata": {"name": name}})
    return store


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "expected"),
    [
        (kinds.CONFIG_MAPS, "shop", "istio", False),
        (kinds.CONFIG_MAPS, "istio-system", "other", False),
        (kinds.CONFIG_MAPS, "istio-system", "istio", True),
        (kinds.SERVICES, "shop", "istio", True),
    ],
)
def test_of_config_maps_only_the_mesh_s_concerns_routing(
    resource: Resource, namespace: str, name: str, expected: bool
) -> None:
    store = store_with_namespaces()
    with store.watch(snapshot.SOURCES) as watch:
        store.create(resource, {"metadata": {"namespace": namespace, "name": name}, "spec": {}})
        assert [snapshot.concerns(event) for event in watch.take()] == [expected]


def test_each_snapshot_has_the_mesh_s_settings_of_its_moment() -> None:
    store = store_with_namespaces()
    metadata = {"namespace": "istio-system", "name": "istio"}
    assert snapshot.build(store).mesh.outbound is OutboundMode.ALLOW_ANY
    store.create(kinds.CONFIG_MAPS, {"metadata": metadata, "data": mesh("REGISTRY_ONLY")})
    assert snapshot.build(store).mesh.outbound is OutboundMode.REGISTRY_ONLY
    current = store.get(kinds.CONFIG_MAPS, "istio-system", "istio")
    store.update(kinds.CONFIG_MAPS, {**current, "data": mesh("ALLOW_ANY")})
    assert snapshot.build(store).mesh.outbound is OutboundMode.ALLOW_ANY
