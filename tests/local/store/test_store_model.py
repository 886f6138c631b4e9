"""Random writes against a plain dictionary: the store and its watches agree with it, always."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.local.store import (
    AlreadyExists,
    Conflict,
    EventType,
    NotFound,
    Store,
    Watch,
    kinds,
)
from harness.local.store.store import copied

NAMESPACES = ("a", "b")
NAMES = ("x", "y", "z")
data = st.dictionaries(st.sampled_from("pq"), st.sampled_from("123"), max_size=2)
keys = st.tuples(st.sampled_from(NAMESPACES), st.sampled_from(NAMES))

Model = dict[tuple[str, str], dict[str, str]]


class StoreMachine(RuleBasedStateMachine):
    """``model`` is what exists; ``mirror`` is what a watcher has pieced together."""

    @initialize()
    def start(self) -> None:
        self.store = Store()
        for name in NAMESPACES:
            self.store.create(kinds.NAMESPACES, {"metadata": {"name": name}})
        self.model: Model = {}
        self.mirror: Model = {}
        self.watch: Watch = self.store.watch(kinds.CONFIG_MAPS)
        self.versions: list[int] = []
        self.stale: dict[tuple[str, str], dict[str, Any]] = {}

    def document(self, key: tuple[str, str], content: dict[str, str]) -> dict[str, Any]:
        return {"metadata": {"name": key[1], "namespace": key[0]}, "data": dict(content)}

    @rule(key=keys, content=data, dry=st.booleans())
    def create(self, key: tuple[str, str], content: dict[str, str], dry: bool) -> None:
        document = self.document(key, content)
        if key in self.model:
            with pytest.raises(AlreadyExists):
                self.store.create(kinds.CONFIG_MAPS, document, dry_run=dry)
            return
        self.store.create(kinds.CONFIG_MAPS, document, dry_run=dry)
        if not dry:
            self.model[key] = content
            self.stale[key] = copied(self.store.get(kinds.CONFIG_MAPS, *key))

    @rule(key=keys, content=data, dry=st.booleans())
    def update(self, key: tuple[str, str], content: dict[str, str], dry: bool) -> None:
        if key not in self.model:
            with pytest.raises(NotFound):
                self.store.update(kinds.CONFIG_MAPS, self.document(key, content))
            return
        before = self.store.version
        current = copied(self.store.get(kinds.CONFIG_MAPS, *key))
        current["data"] = dict(content)
        self.store.update(kinds.CONFIG_MAPS, current, dry_run=dry)
        changed = content != self.model[key] and not dry
        assert (self.store.version > before) is changed
        if not dry:
            self.model[key] = content

    @rule(key=keys, content=data)
    def update_with_an_old_copy(self, key: tuple[str, str], content: dict[str, str]) -> None:
        if key not in self.model or key not in self.stale:
            return
        old = copied(self.stale[key])
        old["data"] = dict(content)
        current = self.store.get(kinds.CONFIG_MAPS, *key)
        if old["metadata"]["resourceVersion"] == current["metadata"]["resourceVersion"]:
            self.store.update(kinds.CONFIG_MAPS, old)
            self.model[key] = content
        else:
            with pytest.raises(Conflict):
                self.store.update(kinds.CONFIG_MAPS, old)

    @rule(key=keys)
    def delete(self, key: tuple[str, str]) -> None:
        if key not in self.model:
            with pytest.raises(NotFound):
                self.store.delete(kinds.CONFIG_MAPS, *key)
            return
        self.store.delete(kinds.CONFIG_MAPS, *key)
        del self.model[key]

    @rule()
    def read_the_watch(self) -> None:
        for event in self.watch.take():
            metadata = event.object["metadata"]
            key = (metadata["namespace"], metadata["name"])
            self.versions.append(event.version)
            if event.type is EventType.DELETED:
                assert event.previous is not None
                assert self.mirror.pop(key) == event.previous["data"]
            else:
                assert (key in self.mirror) is (event.type is EventType.MODIFIED)
                self.mirror[key] = dict(event.object["data"])
        assert self.mirror == self.model
        assert self.versions == sorted(set(self.versions))

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "store"):
            return
        for namespace in (None, *NAMESPACES):
            listed = self.store.list(kinds.CONFIG_MAPS, namespace)
            found = [(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in listed]
            wanted = [key for key in self.model if namespace in (None, key[0])]
            assert found == sorted(wanted)
            assert all(
                obj["data"] == self.model[key] for obj, key in zip(listed, found, strict=True)
            )


TestStoreModel = StoreMachine.TestCase
TestStoreModel.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
