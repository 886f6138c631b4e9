"""Server-side apply as a pure function: what is removed, refused and owned."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from harness.local.apiserver.applying import apply_fields, remove_fields
from harness.local.apiserver.fieldsets import Fields, Path, fields_of
from harness.local.apiserver.ownership import APPLY, Owner, owners_of
from harness.local.apiserver.statuses import Refusal
from harness.local.store import Object, Resource, kinds
from harness.local.store.store import copied


def manager(name: str, fields: Fields = frozenset()) -> Owner:
    return Owner(name, APPLY, "v1", "2024-01-01T00:00:00Z", fields)


def applied(resource: Resource, live: Object, wanted: dict[str, Any], name: str) -> dict[str, Any]:
    """What an unforced apply of this manager leaves."""
    return apply_fields(resource, live, wanted, owners_of(live), manager(name), force=False)


def pod_with_env(*env: dict[str, Any]) -> dict[str, Any]:
    containers = [{"name": "main", "image": "i", "env": list(env)}]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers}}


def env_of(obj: Object) -> Any:
    return obj["spec"]["containers"][0].get("env")


ENV = ("f:spec", "f:containers", 'k:{"name":"main"}', "f:env")
KEPT_ENV, GONE_ENV = (*ENV, 'k:{"name":"A"}'), (*ENV, 'k:{"name":"V"}')


@pytest.mark.parametrize(
    ("resource", "field", "kept", "gone"),
    [
        (kinds.PODS, "containers", {"name": "a", "image": "i"}, {"name": "b", "image": "j"}),
        (kinds.PODS, "containers", {"name": "a", "env": [{"name": "X", "value": "1"}]},
         {"name": "b", "env": [{"name": "V", "value": "2"}]}),
        (kinds.PODS, "env", {"name": "A", "value": "1"}, {"name": "V", "value": "2"}),
        (kinds.SERVICES, "ports", {"port": 53, "protocol": "TCP", "name": "t"},
         {"port": 53, "protocol": "UDP", "name": "u"}),
        (kinds.SERVICES, "ports", {"port": 80, "name": "a"}, {"port": 81, "name": "b"}),
    ],
)  # fmt: skip
def test_a_dropped_item_goes_whole_whatever_the_order(
    resource: Resource, field: str, kept: dict[str, Any], gone: dict[str, Any]
) -> None:
    before = fields_of(resource, {"spec": {field: [kept, gone]}})
    after = fields_of(resource, {"spec": {field: [kept]}})
    for order in permutations(before - after):
        obj = {"spec": {field: [copied(kept), copied(gone)]}}
        remove_fields(resource, obj, order, after)
        assert obj == {"spec": {field: [kept]}}, order


@pytest.mark.parametrize(
    ("theirs", "left"),
    [
        ((*GONE_ENV, "f:value"), {"name": "V", "value": "2"}),
        ((*GONE_ENV, "."), {"name": "V"}),
        ((*GONE_ENV, "f:valueFrom", "f:x"), {"name": "V"}),
    ],
)
def test_a_dropped_item_stays_with_its_keys_if_another_owns_something_of_it(
    theirs: Path, left: dict[str, Any]
) -> None:
    whole = pod_with_env({"name": "A", "value": "1"}, {"name": "V", "value": "2"})
    mine = fields_of(kinds.PODS, pod_with_env({"name": "A", "value": "1"}))
    kept = mine | {theirs}
    for order in permutations(fields_of(kinds.PODS, whole) - kept):
        obj = copied(whole)
        remove_fields(kinds.PODS, obj, order, kept)
        assert env_of(obj) == [{"name": "A", "value": "1"}, left], order


def test_a_field_below_which_another_owns_one_stays() -> None:
    obj = {"spec": {"emptyDir": {"medium": "Memory"}}}
    remove_fields(
        kinds.PODS,
        obj,
        [("f:spec", "f:emptyDir")],
        frozenset({("f:spec", "f:emptyDir", "f:medium")}),
    )
    assert obj == {"spec": {"emptyDir": {"medium": "Memory"}}}


def test_applying_without_an_item_of_mine_keeps_that_of_another() -> None:
    live = applied(
        kinds.PODS,
        {"metadata": {"name": "p"}},
        pod_with_env({"name": "A", "value": "1"}, {"name": "V", "value": "2"}),
        "me",
    )
    live = applied(kinds.PODS, live, pod_with_env({"name": "V", "value": "2"}), "you")
    live = applied(kinds.PODS, live, pod_with_env({"name": "A", "value": "1"}), "me")
    assert env_of(live) == [{"name": "A", "value": "1"}, {"name": "V", "value": "2"}]
    live = applied(kinds.PODS, live, pod_with_env(), "you")
    assert env_of(live) == [{"name": "A", "value": "1"}]


def test_a_finalizer_is_removed_whatever_its_characters() -> None:
    name = 'é.example/"x"'
    live = applied(
        kinds.PODS, {"metadata": {"name": "p"}}, {"metadata": {"finalizers": [name, "a/b"]}}, "me"
    )
    live = applied(kinds.PODS, live, {"metadata": {"finalizers": ["a/b"]}}, "me")
    assert live["metadata"]["finalizers"] == ["a/b"]


@pytest.mark.parametrize(
    ("resource", "spec", "words"),
    [
        (kinds.PODS, {"containers": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
         '.spec.containers: duplicate entries for key [name="a"]'),
        (kinds.PODS, {"containers": [{"name": "a", "env": [{"name": "X"}, {"name": "X"}]}]},
         '.spec.containers[name="a"].env: duplicate entries for key [name="X"]'),
        (kinds.SERVICES, {"ports": [{"port": 80}, {"port": 80, "protocol": "TCP"}]},
         '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exists", [False, True])
def test_two_items_of_one_key_are_refused(
    resource: Resource, spec: dict[str, Any], words: str, exists: bool
) -> None:
    wanted = {"metadata": {"name": "x"}, "spec": spec}
    live = copied(wanted) if exists else {"metadata": {}}
    with pytest.raises(Refusal) as refused:
        applied(resource, live, wanted, "me")
    assert refused.value.code == 400
    assert words in refused.value.message


def test_items_of_several_keys_are_none_too_many() -> None:
    ports = [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"port": 54}]
    wanted = {"metadata": {"name": "x"}, "spec": {"ports": ports}}
    assert applied(kinds.SERVICES, {"metadata": {}}, wanted, "me")["spec"]["ports"] == ports


def test_items_of_one_key_that_are_there_already_stay_until_one_is_applied() -> None:
    twice = [{"name": "X", "value": "1"}, {"name": "Y"}, {"name": "X", "value": "2"}]
    live = pod_with_env(*twice)
    added = applied(kinds.PODS, live, pod_with_env({"name": "Z"}), "me")
    assert env_of(added) == [*twice, {"name": "Z"}]
    one = applied(kinds.PODS, live, pod_with_env({"name": "X", "value": "3"}), "me")
    assert env_of(one) == [{"name": "X", "value": "3"}, {"name": "Y"}]


def owned(obj: Object) -> Fields:
    return frozenset[Path]().union(*(owner.fields for owner in owners_of(obj)))


@pytest.mark.parametrize(
    ("resource", "wanted", "fields"),
    [
        (kinds.CONFIG_MAPS, {"foo": {"a": 1}, "immutable": None, "data": {"a": "1"}},
         {("f:data", "f:a")}),
        (kinds.SECRETS, {"stringData": {"a": "b"}, "foo": 1}, {("f:data", "f:a")}),
        (kinds.VIRTUAL_SERVICES, {"foo": 1, "spec": {"hosts": ["a"]}}, {("f:spec", "f:hosts")}),
        (kinds.PODS, pod_with_env({"name": "A", "value": None, "foo": 1}),
         {(*KEPT_ENV, "."), (*KEPT_ENV, "f:name"), (*ENV[:3], "."), (*ENV[:3], "f:name"),
          (*ENV[:3], "f:image")}),
    ],
)  # fmt: skip
def test_only_what_the_object_will_have_is_owned(
    resource: Resource, wanted: dict[str, Any], fields: set[Path]
) -> None:
    document = {**wanted, "metadata": {"name": "x", "labels": None, "bar": "x"}}
    kept = copied(document)
    live = {"metadata": {"name": "x"}, "data": {"z": "1"}}
    assert owned(applied(resource, live, document, "me")) == fields
    assert document == kept


def test_a_null_takes_nothing_that_lies_below_it() -> None:
    live = applied(kinds.CONFIG_MAPS, {"metadata": {}}, {"metadata": {}, "data": {"a": "1"}}, "you")
    live = applied(kinds.CONFIG_MAPS, live, {"metadata": {}, "data": None}, "me")
    assert live["data"] == {"a": "1"}
    wanted = pod_with_env()
    wanted["spec"]["containers"][0]["env"] = None
    live = applied(kinds.PODS, pod_with_env({"name": "A"}), wanted, "me")
    assert env_of(live) == [{"name": "A"}]
