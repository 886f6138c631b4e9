"""Patches, selectors, protobuf, SPDY and durations: pure functions, by example and by property."""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.local.apiserver import spdy
from harness.local.apiserver.bodies import MAX_DEPTH
from harness.local.apiserver.documents import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    apply_patch,
)
from harness.local.apiserver.fieldsets import fields_of, from_fields_v1, to_fields_v1
from harness.local.apiserver.patches import PatchError, json_patch, merge_patch
from harness.local.apiserver.protobuf import MAGIC, ProtobufError, decode
from harness.local.apiserver.quantities import amount, is_quantity
from harness.local.apiserver.selectors import (
    SelectorError,
    parse_fields,
    parse_labels,
    predicate,
)
from harness.local.apiserver.spdy_dictionary import DICTIONARY
from harness.local.apiserver.statuses import Refusal
from harness.local.apiserver.strategic import strategic_merge
from harness.local.apiserver.tables.columns import human_duration
from harness.local.apiserver.tables.workloads import pod_status
from harness.local.apiserver.targets import find
from harness.local.label_selectors import matches
from harness.local.store import ALL, kinds

values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=4)


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ],
)
def test_merge_patch(document: Any, patch: Any, result: Any) -> None:
    assert merge_patch(document, patch) == result


@given(objects, objects)
def test_merge_patch_is_idempotent_and_leaves_its_input_alone(one: Any, two: Any) -> None:
    kept = repr(one)
    once = merge_patch(one, two)
    assert merge_patch(once, two) == once
    assert repr(one) == kept


@pytest.mark.parametrize(
    ("document", "operations", "result"),
    [  # RFC 6902, appendix A
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "q"}], {"foo": "bar", "baz": "q"}),
        ({"foo": [1, 3]}, [{"op": "add", "path": "/foo/1", "value": 2}], {"foo": [1, 2, 3]}),
        ({"foo": [1]}, [{"op": "add", "path": "/foo/-", "value": 2}], {"foo": [1, 2]}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/a"}], {"b": 2}),
        ({"foo": [1, 2, 3]}, [{"op": "remove", "path": "/foo/1"}], {"foo": [1, 3]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": 2}], {"a": 2}),
        ({"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/c"}], {"a": {}, "c": 1}),
        ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ],
)
def test_json_patch(document: Any, operations: Any, result: Any) -> None:
    assert json_patch(document, operations) == result


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [1],
        [{"op": "jump", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a"}],
        [{"op": "remove", "path": "/none"}],
        [{"op": "remove", "path": "/list/9"}],
        [{"op": "remove", "path": "/list/01"}],
        [{"op": "replace", "path": "/none", "value": 1}],
        [{"op": "test", "path": "/a", "value": 2}],
        [{"op": "move", "from": "/a", "path": "/a/b"}],
        [{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}],
        [{"op": "remove", "path": ""}],
        [{"op": "remove", "path": ""}, {"op": "add", "path": "", "value": {}}],
    ],
)
def test_json_patch_is_all_or_nothing(operations: Any) -> None:
    document = {"a": 1, "list": [1]}
    with pytest.raises(PatchError):
        json_patch(document, operations)
    assert document == {"a": 1, "list": [1]}


@pytest.mark.parametrize(
    ("there", "asked", "passes"),
    [
        (0, False, False), (False, 0, False), (1, True, False), (True, 1, False), (1, 1.0, True),
        (True, True, True), ([0], [False], False), ({"a": [1, 2]}, {"a": [True, 2]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True), ([1, 2], [2, 1], False), ([1], [1, 1], False),
        ({"a": None}, {}, False), ({}, [], False), (None, None, True), ("1", 1, False),
    ],
)  # fmt: skip
def test_json_patch_tests_as_json_compares(there: Any, asked: Any, passes: bool) -> None:
    operations = [{"op": "test", "path": "/x", "value": asked}]
    if passes:
        assert json_patch({"x": there}, operations) == {"x": there}
    else:
        with pytest.raises(PatchError, match="testing value /x failed"):
            json_patch({"x": there}, operations)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def ever_deeper(times: int, levels: int = 90) -> list[dict[str, Any]]:
    """Adds of values, each below the one before."""
    return [
        {"op": "add", "path": "/a" * (levels * time), "value": nested(levels + 1)}
        for time in range(times)
    ]


@pytest.mark.parametrize(
    "then",
    [
        [],
        [{"op": "copy", "from": "/a", "path": "/b"}],
        [{"op": "test", "path": "/a", "value": nested(90)}],
        [{"op": "move", "from": "/a", "path": "/b"}],
    ],
)
@pytest.mark.parametrize("times", [2, 30])
def test_a_patch_that_nests_too_deeply_is_refused(times: int, then: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal) as refused:
        apply_patch(kinds.CONFIG_MAPS, JSON_PATCH, {}, ever_deeper(times) + then)
    assert refused.value.code == 422


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (JSON_PATCH, [{"op": "add", "path": "/a", "value": nested(MAX_DEPTH - 1)}]),
        (MERGE_PATCH, {"a": nested(MAX_DEPTH - 1)}),
        (STRATEGIC_PATCH, {"a": nested(MAX_DEPTH - 1)}),
    ],
)
def test_a_patch_may_nest_as_deeply_as_a_request(media: str, patch: Any) -> None:
    result = apply_patch(kinds.CONFIG_MAPS, media, {}, patch)
    assert result == {"a": nested(MAX_DEPTH - 1)}
    deeper = [{"op": "move", "from": "/a", "path": "/b"}, {"op": "add", "path": "/a", "value": {}},
              {"op": "move", "from": "/b", "path": "/a/a"}]  # fmt: skip
    with pytest.raises(Refusal, match="nested deeper than 100 levels"):
        apply_patch(kinds.CONFIG_MAPS, JSON_PATCH, result, deeper)


def test_strategic_merge_by_key_with_order_and_deletion() -> None:
    document = {"containers": [{"name": "a", "image": "1"}, {"name": "b"}, {"name": "c"}]}
    patch = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [{"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}],
    }
    assert strategic_merge(kinds.PODS, document, patch) == {
        "containers": [{"name": "c"}, {"name": "a", "image": "2"}]
    }


@pytest.mark.parametrize(
    ("resource", "document", "patch", "result"),
    [
        (kinds.SERVICES, {"ports": [{"port": 80, "name": "a"}]},
         {"ports": [{"port": 80, "name": "b"}]},
         {"ports": [{"port": 80, "name": "b"}]}),
        (kinds.PODS, {"args": ["a", "b"]}, {"args": ["c"]}, {"args": ["c"]}),
        (kinds.PODS, {"finalizers": ["a"]}, {"finalizers": ["b"]}, {"finalizers": ["b", "a"]}),
        (kinds.PODS, {"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a"]},
         {"finalizers": ["b"]}),
        (kinds.DEPLOYMENTS, {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
         {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
         {"strategy": {"type": "Recreate"}}),
        (kinds.PODS, {"x": {"a": 1}}, {"x": {"$patch": "replace", "b": 2}}, {"x": {"b": 2}}),
        (kinds.PODS, {"env": [{"name": "A"}]}, {"env": [{"$patch": "replace"}, {"name": "B"}]},
         {"env": [{"name": "B"}]}),
        (kinds.PODS, {"a": 1}, {"a": None}, {}),
    ],
)  # fmt: skip
def test_strategic_merge(resource: Any, document: Any, patch: Any, result: Any) -> None:
    assert strategic_merge(resource, document, patch) == result


@pytest.mark.parametrize(
    ("live", "patch", "order", "result"),
    [  # upper case: an item that the patch has
        ("a", "X", None, "Xa"),
        ("ab", "XY", None, "XYab"),
        ("abc", "B", None, "aBc"),
        ("abc", "CX", None, "abCX"),
        ("abc", "XC", None, "XabC"),
        ("abc", "CA", None, "bCA"),
        ("", "XY", None, "XY"),
        ("abc", "", "ca", "bca"),
        ("abc", "X", "axc", "aXbc"),
        ("abc", "X", "abcx", "abcX"),
        ("abc", "BX", "bx", "aBXc"),
        ("abcd", "D", "db", "acDb"),
        ("", "XY", "xy", "XY"),
    ],
)
def test_strategic_merge_orders_as_kubernetes(
    live: str, patch: str, order: str | None, result: str
) -> None:
    def containers(names: str) -> list[dict[str, str]]:
        return [
            {"name": each.lower(), **({"image": "new"} if each.isupper() else {})} for each in names
        ]

    document = {"containers": containers(live), "finalizers": list(live)}
    changes: dict[str, Any] = {"containers": containers(patch), "finalizers": list(patch.lower())}
    if order is not None:
        changes["$setElementOrder/containers"] = [{"name": each} for each in order]
        changes["$setElementOrder/finalizers"] = list(order)
    assert strategic_merge(kinds.PODS, document, changes) == {
        "containers": containers(result),
        "finalizers": list(result.lower()),
    }


@pytest.mark.parametrize(
    ("patch", "order"), [("ba", "ab"), ("x", "ab"), ("axb", "ab"), ("aa", "ab")]
)
def test_the_order_of_a_strategic_patch_must_be_the_one_it_sets(patch: str, order: str) -> None:
    changes = {
        "containers": [{"name": "c", "$patch": "delete"}, *({"name": each} for each in patch)],
        "$setElementOrder/containers": [{"name": each} for each in order],
    }
    document = {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    with pytest.raises(PatchError, match=r"containers: the order .* doesn't match"):
        strategic_merge(kinds.PODS, document, changes)


def test_a_strategic_patch_deletes_before_it_merges() -> None:
    document = {"env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]}
    patch = {"env": [{"name": "A", "valueFrom": {}}, {"name": "A", "$patch": "delete"}]}
    assert strategic_merge(kinds.PODS, document, patch) == {
        "env": [{"name": "A", "valueFrom": {}}, {"name": "B"}]
    }


def test_strategic_merge_needs_its_keys() -> None:
    with pytest.raises(PatchError, match="does not contain declared merge key: name"):
        strategic_merge(kinds.PODS, {}, {"containers": [{"image": "x"}]})


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"containers": [{"$patch": "replace"}, 5]}, "5 is no object"),
        ({"containers": [5]}, "5 is no object"),
        ({"containers": [{"$patch": "replace"}, {"image": "x"}]}, "declared merge key: name"),
        ({"containers": [{"name": "a", "$patch": "x"}]}, "'x' is none of"),
        ({"containers": [{"name": "a", "$patch": ["replace"]}]}, "is none of"),
        ({"containers": [{"$patch": "replace"}, {"name": "a", "$patch": 5}]}, "5 is none of"),
        ({"$patch": {}}, "is none of"),
        ({"$deleteFromPrimitiveList/restartPolicy": ["A"]}, "restartPolicy must be a list"),
        ({"$deleteFromPrimitiveList/nodeSelector": ["a"]}, "nodeSelector must be a list"),
        ({"$deleteFromPrimitiveList/replicas": ["a"]}, "replicas must be a list"),
        ({"$deleteFromPrimitiveList/finalizers": "a"}, "finalizers must be a list"),
        ({"$setElementOrder/containers": {"name": "a"}}, "containers must be a list"),
        ({"$setElementOrder/containers": ["a"]}, "'a' is no object"),
        ({"$setElementOrder/containers": [{"image": "x"}]}, "declared merge key: name"),
        ({"$setElementOrder/restartPolicy": ["a"]}, "restartPolicy must be a list"),
        ({"$setElementOrder/nowhere": 5}, "nowhere must be a list"),
        ({"$retainKeys": "containers"}, "retainKeys must be a list"),
        ({"$retainKeys": {"containers": 1}}, "retainKeys must be a list"),
    ],
)
def test_a_malformed_strategic_patch_says_what_is_wrong(patch: Any, words: str) -> None:
    spec = {
        "containers": [{"name": "a"}],
        "restartPolicy": "Always",
        "nodeSelector": {"a": "b"},
        "replicas": 5,
    }
    with pytest.raises(PatchError, match=re.escape(words)):
        strategic_merge(kinds.PODS, {"spec": spec}, {"spec": patch})


def test_what_is_not_there_need_not_be_deleted_from() -> None:
    patch = {"$deleteFromPrimitiveList/finalizers": ["a"]}
    assert strategic_merge(kinds.PODS, {}, patch) == {}


_FIELDS = ("containers", "env", "finalizers", "ports", "addresses", "x")
_DIRECTIVES = ("$setElementOrder/", "$deleteFromPrimitiveList/")
hostile_keys = st.sampled_from(
    [*_FIELDS, *(before + field for before in _DIRECTIVES for field in _FIELDS), *_DIRECTIVES,
     "$patch", "$retainKeys", "name", "port", "type"]
)  # fmt: skip
hostile = st.recursive(
    st.sampled_from([None, True, 0, 1, "a", "", "name", "x", "replace", "delete", "merge"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_keys, inner, max_size=4),
    max_leaves=20,
)
pointers = st.lists(
    st.sampled_from(["x", "a", "0", "1", "-", "01", "~0", "~1", ""]), max_size=3
).map(lambda steps: "".join(f"/{step}" for step in steps))
operations = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"]) | hostile,
        "path": pointers | hostile,
        "from": pointers | hostile,
        "value": hostile,
    },
)


@given(st.dictionaries(hostile_keys, hostile, max_size=4), hostile)
@example({"containers": [5]}, {"containers": [{"name": "a"}]})
def test_a_strategic_patch_never_fails_otherwise(document: dict[str, Any], patch: Any) -> None:
    kept = repr(document)
    for resource in (kinds.PODS, kinds.SERVICES, kinds.ENDPOINTS):
        with contextlib.suppress(PatchError):
            strategic_merge(resource, document, patch)
    assert repr(document) == kept


@given(values, st.lists(operations | hostile, max_size=4) | hostile)
def test_a_json_patch_never_fails_otherwise(document: Any, patch: Any) -> None:
    kept = repr(document)
    with contextlib.suppress(PatchError):
        json_patch(document, patch)
    assert repr(document) == kept


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("app=web", {"app": "web"}, True),
        ("app==web,v!=1", {"app": "web"}, True),
        ("app==web,v!=1", {"app": "web", "v": "1"}, False),
        ("app in (a, b)", {"app": "b"}, True),
        ("app notin (a,b),x", {"x": ""}, True),
        ("!app", {}, True),
        ("a.b/c=d", {"a.b/c": "d"}, True),
        ("n>3", {"n": "4"}, True),
        ("n<3", {"n": "x"}, False),
        ("", {"any": "thing"}, True),
    ],
)
def test_label_selectors(text: str, labels: dict[str, str], matches: bool) -> None:
    assert all(each.matches(labels) for each in parse_labels(text)) is matches


@pytest.mark.parametrize("text", ["a=b=c", "!!", "a in b", "a in (b", ",", "=x", "a,,b"])
def test_malformed_label_selectors(text: str) -> None:
    with pytest.raises(SelectorError):
        parse_labels(text)


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("0", "1n"), ("999m", "1"), ("1", "1k"), ("1000k", "1Mi"), ("1M", "1Mi"), ("1e3", "1001"),
        ("-1", ".5"), ("1E2", "101"), ("1023Mi", "1Gi"), ("1u", "1m"), ("1e-3", "2m"),
    ],
)  # fmt: skip
def test_amounts_are_compared_by_what_they_stand_for(smaller: str, larger: str) -> None:
    assert amount(smaller) < amount(larger)


@pytest.mark.parametrize("text", ["", "m", "1 k", "1K", "1ki", "0x1", "1e", "1e9999", "١"])
def test_what_is_no_amount_has_none(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(ValueError, match="is not a quantity"):
        amount(text)


def test_a_field_that_is_left_out_is_selected_by_its_zero_value() -> None:
    chosen = predicate("", "spec.unschedulable=false", kinds.NODES)
    assert chosen is not None
    assert chosen({"metadata": {"name": "n"}, "spec": {}})
    assert chosen({"metadata": {"name": "n"}, "spec": {"unschedulable": False}})
    assert not chosen({"metadata": {"name": "n"}, "spec": {"unschedulable": True}})


def test_field_selectors_know_their_fields() -> None:
    assert parse_fields("spec.nodeName=n,metadata.name!=x", kinds.PODS) == (
        ("spec.nodeName", True, "n"),
        ("metadata.name", False, "x"),
    )
    for text in ("spec.nodeName=n", "metadata.name"):
        with pytest.raises(SelectorError):
            parse_fields(text, kinds.CONFIG_MAPS)


def test_label_selector_objects() -> None:
    wanted = {
        "matchLabels": {"a": "1"},
        "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}],
    }
    assert matches(wanted, {"a": "1"})
    assert not matches(wanted, {"a": "1", "b": ""})
    assert matches({}, {})


def test_protobuf_drops_zeros_and_refuses_what_it_does_not_know() -> None:
    meta = b"\x0a\x02v1\x12\x09Namespace"
    name = b"\x0a\x04shop\x12\x00"
    raw = b"\x0a" + bytes([len(name)]) + name
    body = MAGIC + b"\x0a" + bytes([len(meta)]) + meta + b"\x12" + bytes([len(raw)]) + raw
    assert decode(body) == {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"},
    }  # fmt: skip
    unknown = raw + b"\x7a\x01x"
    body = MAGIC + b"\x0a" + bytes([len(meta)]) + meta + b"\x12" + bytes([len(unknown)]) + unknown
    with pytest.raises(ProtobufError, match="field 15 of Namespace is not supported"):
        decode(body)


@given(st.binary(max_size=60))
def test_protobuf_never_fails_otherwise(data: bytes) -> None:
    try:
        decode(MAGIC + data)
    except ProtobufError:
        return


def test_the_spdy_dictionary_is_the_protocols() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.integers(1, 50))
def test_spdy_frames_survive_any_cutting(size: int) -> None:
    deflate = zlib.compressobj(zdict=DICTIONARY)
    pairs = {"streamtype": "data", "port": "80", "requestid": "0"}
    block = struct.pack(">I", len(pairs)) + b"".join(
        struct.pack(">I", len(text)) + text.encode() for pair in pairs.items() for text in pair
    )
    headers = deflate.compress(block) + deflate.flush(zlib.Z_SYNC_FLUSH)
    opening = struct.pack(">IIH", 1, 0, 0) + headers
    encoder = spdy.Encoder()
    wire = (
        struct.pack(">HHI", 0x8003, 1, len(opening)) + opening
        + encoder.data(1, b"hello", last=True) + encoder.ping(7) + encoder.reset(3)
    )  # fmt: skip
    decoder = spdy.Decoder()
    frames = [
        frame
        for start in range(0, len(wire), size)
        for frame in decoder.feed(wire[start : start + size])
    ]
    assert frames == [
        spdy.Open(1, pairs), spdy.Data(1, b"hello", True), spdy.Ping(7), spdy.Reset(3),
    ]  # fmt: skip


@given(st.binary(max_size=100))
def test_spdy_never_fails_otherwise(data: bytes) -> None:
    try:
        list(spdy.Decoder().feed(data))
    except spdy.SpdyError:
        return


@given(objects)
def test_field_sets_make_the_round_trip(document: dict[str, Any]) -> None:
    fields = fields_of(kinds.CONFIG_MAPS, {"data": document})
    assert from_fields_v1(to_fields_v1(fields)) == fields


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"),
        (3 * 3600, "3h"), (3 * 3600 + 60, "3h1m"), (9 * 3600, "9h"), (2 * 86400, "2d"),
        (2 * 86400 + 3600, "2d1h"), (10 * 86400, "10d"), (800 * 86400, "2y70d"),
    ],
)  # fmt: skip
def test_durations_are_written_as_kubectl_does(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_every_kind_is_found_by_its_paths() -> None:
    for resource in ALL:
        for version in resource.versions:
            root = f"/apis/{resource.group}" if resource.group else "/api"
            inside = "/namespaces/n" if resource.namespaced else ""
            target = find(f"{root}/{version}{inside}/{resource.plural}/x")
            assert (target.resource, target.name) == (resource, "x")
            assert target.namespace == ("n" if resource.namespaced else None)


def ended(code: int, reason: str = "") -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, "reason": reason}}}


def waiting(reason: str) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason}}}


RUNNING: dict[str, Any] = {"state": {"running": {}}}


@pytest.mark.parametrize(
    ("init", "main", "shown"),
    [
        ([waiting("PodInitializing"), waiting("PodInitializing")], "PodInitializing", "Init:0/2"),
        ([RUNNING, waiting("PodInitializing")], "PodInitializing", "Init:0/2"),
        ([ended(0, "Completed"), RUNNING], "PodInitializing", "Init:1/2"),
        ([ended(0, "Completed"), ended(3, "Error")], "PodInitializing", "Init:Error"),
        ([ended(3), waiting("PodInitializing")], "PodInitializing", "Init:ExitCode:3"),
        ([waiting("CrashLoopBackOff"), RUNNING], "PodInitializing", "Init:CrashLoopBackOff"),
        ([waiting("ErrImagePull"), RUNNING], "PodInitializing", "Init:ErrImagePull"),
        ([ended(0, "Completed"), ended(0, "Completed")], "ContainerCreating", "ContainerCreating"),
        ([], "CrashLoopBackOff", "CrashLoopBackOff"),
    ],
)
def test_the_status_of_a_pod_tells_how_far_its_init_containers_are(
    init: list[dict[str, Any]], main: str, shown: str
) -> None:
    pod = {
        "metadata": {"name": "p"},
        "spec": {"initContainers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "m"}]},
        "status": {
            "phase": "Pending",
            "initContainerStatuses": init,
            "containerStatuses": [waiting(main)],
        },
    }
    assert pod_status(pod) == shown
    ending = {**pod, "metadata": {"name": "p", "deletionTimestamp": "t"}}
    assert pod_status(ending) == "Terminating"
