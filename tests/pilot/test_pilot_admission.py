"""What is refused at apply, with which path and words, and what is only warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chapter_yaml as chapter
import pytest
import yaml
from pilot_objects import parse
from pilot_world import shop, take

from harness.local.contracts import Admission
from harness.local.pilot import admit_mesh_config
from harness.local.pilot.admission import admit
from harness.local.pilot.admission.rules.values import regex_fault
from harness.local.pilot.admission.schema import schema_of
from harness.local.pilot.admission.support import SUPPORTED, Leaf, Only
from harness.local.pilot.model import Snapshot

ROOT = Path(__file__).parent.parent.parent
FILES = [*ROOT.glob("ch5/*.yaml"), *ROOT.glob("services/*/istio/*.yaml")]
BASES = {
    "VirtualService": "{hosts: [catalog], http: [{route: [{destination: {host: catalog}}]}]}",
    "Gateway": "{servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
    "DestinationRule": "{host: catalog, subsets: [{name: v1, labels: {version: v1}}]}",
    "ServiceEntry": "{hosts: [a.com], resolution: DNS, "
    "ports: [{number: 80, name: http, protocol: HTTP}]}",
}


def judge(kind: str, spec: str, snapshot: Snapshot | None = None) -> Admission:
    text = f"apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}"
    ((resource, obj),) = parse(text)
    return admit(resource, obj, snapshot or Snapshot())


def changed(kind: str, path: list[Any], value: Any) -> str:
    spec = yaml.safe_load(BASES[kind])
    place = spec
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return yaml.safe_dump(spec, default_flow_style=True)


@pytest.mark.parametrize("text", chapter.ALL)
def test_the_article_s_objects_are_admitted(text: str) -> None:
    for resource, obj in parse(text):
        judged = admit(resource, obj, Snapshot())
        assert not judged.problems
        assert not judged.unknown_fields


def test_every_file_of_the_chapter_is_admitted() -> None:
    assert FILES
    for file in FILES:
        for resource, obj in parse(file.read_text()):
            judged = admit(resource, obj, Snapshot())
            assert (file.name, judged.problems, judged.unknown_fields) == (file.name, (), ())


@pytest.mark.parametrize("kind", BASES)
def test_the_base_of_each_table_is_sound(kind: str) -> None:
    assert judge(kind, BASES[kind]).problems == ()


@pytest.mark.parametrize(
    ("kind", "path", "value", "unknown", "hint"),
    [
        ("VirtualService", ["http", 0, "rout"], [], "spec.http[0].rout", "route"),
        ("VirtualService", ["http", 0, "timeOut"], "3s", "spec.http[0].timeOut", "timeout"),
        ("VirtualService", ["host"], ["x"], "spec.host", "hosts"),
        (
            "VirtualService",
            ["http", 0, "route", 0, "destination", "subsett"],
            "v1",
            "spec.http[0].route[0].destination.subsett",
            "subset",
        ),
        ("DestinationRule", ["subsets", 0, "label"], {}, "spec.subsets[0].label", "labels"),
        ("Gateway", ["servers", 0, "port", "nmae"], "x", "spec.servers[0].port.nmae", "name"),
        ("ServiceEntry", ["resolutoin"], "DNS", "spec.resolutoin", "resolution"),
    ],
)
def test_a_misspelt_field_is_named_with_its_path_and_what_was_meant(
    kind: str, path: list[Any], value: Any, unknown: str, hint: str
) -> None:
    judged = judge(kind, changed(kind, path, value))
    assert judged.unknown_fields == (f'unknown field "{unknown}" (did you mean "{hint}"?)',)
    assert judged.problems == (), "an unknown field is no unsupported one"


def test_an_unknown_field_like_no_other_is_named_by_its_path_alone() -> None:
    judged = judge("VirtualService", changed("VirtualService", ["zzz"], 1))
    assert judged.unknown_fields == ("spec.zzz",)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("VirtualService", ["http", 0, "rewrite"], {"uri": "/"}),
        ("VirtualService", ["http", 0, "retries"], {"attempts": 3, "backoff": "1s"}),
        ("VirtualService", ["http", 0, "fault"], {"delay": {"fixedDelay": "1s", "percent": 5}}),
        ("VirtualService", ["http", 0, "headers"], {"request": {"set": {"a": "b"}}}),
        ("VirtualService", ["http", 0, "corsPolicy"], {}),
        ("VirtualService", ["http", 0, "delegate"], {"name": "x"}),
        ("VirtualService", ["http", 0, "mirrorPercent"], 50),
        ("VirtualService", ["tcp"], [{"route": [{"destination": {"host": "a"}}]}]),
        ("VirtualService", ["exportTo"], ["."]),
        ("Gateway", ["servers", 0, "tls"], {"mode": "SIMPLE"}),
        ("Gateway", ["servers", 0, "bind"], "1.2.3.4"),
        ("DestinationRule", ["trafficPolicy"], {"tls": {"mode": "DISABLE"}}),
        ("DestinationRule", ["trafficPolicy"], {"outlierDetection": {}}),
        ("DestinationRule", ["workloadSelector"], {"matchLabels": {"a": "b"}}),
        ("ServiceEntry", ["subjectAltNames"], ["x"]),
        ("ServiceEntry", ["workloadSelector"], {"labels": {"a": "b"}}),
    ],
)
def test_a_field_that_is_not_followed_is_refused_with_its_path(
    kind: str, path: list[Any], value: Any
) -> None:
    (problem,) = judge(kind, changed(kind, path, value)).problems
    written = "spec" + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)
    assert problem.field.startswith(written)
    assert "not supported by the local cluster" in problem.message
    assert "CLUSTER=kind" in problem.message
    assert problem.reason == "FieldValueNotSupported"


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Gateway", ["servers", 0, "port", "protocol"], "HTTPS"),
        ("Gateway", ["servers", 0, "port", "protocol"], "TCP"),
        ("ServiceEntry", ["ports", 0, "protocol"], "TLS"),
        ("ServiceEntry", ["resolution"], "NONE"),
        (
            "DestinationRule",
            ["trafficPolicy"],
            {"loadBalancer": {"simple": "PASSTHROUGH"}},
        ),
    ],
)
def test_a_value_that_is_not_followed_is_refused(kind: str, path: list[Any], value: Any) -> None:
    (problem,) = judge(kind, changed(kind, path, value)).problems
    assert problem.message.startswith("Unsupported value: ")
    assert "not supported by the local cluster" in problem.message


def test_values_that_change_nothing_are_admitted() -> None:
    for kind in ("VirtualService", "DestinationRule", "ServiceEntry"):
        assert judge(kind, changed(kind, ["exportTo"], ["*"])).problems == ()


HTTP = ["http", 0]


@pytest.mark.parametrize(
    ("kind", "path", "value", "field", "words"),
    [
        ("VirtualService", ["http"], "x", "spec.http", "must be of type array"),
        ("VirtualService", [*HTTP, "route", 0, "weight"], "90", "weight", "of type integer"),
        ("VirtualService", [*HTTP, "route", 0, "weight"], -1, "weight", "weight -1 < 0"),
        ("VirtualService", [*HTTP, "route", 0], {}, "route[0].destination", "Required value"),
        ("VirtualService", [*HTTP, "route"], [], "http[0].route", "route or redirect is required"),
        (
            "VirtualService",
            [*HTTP, "route"],
            [{"destination": {"host": "a"}, "weight": 0}, {"destination": {"host": "b"}}],
            "http[0].route",
            "total destination weight = 0",
        ),
        ("VirtualService", ["hosts"], [], "spec.hosts", "at least one host"),
        ("VirtualService", ["hosts"], ["*"], "spec.hosts[0]", "bound to the mesh gateway"),
        ("VirtualService", ["hosts"], ["a b"], "spec.hosts[0]", "domain name a b"),
        ("VirtualService", ["hosts"], ["a.b", "A.b"], "spec.hosts[1]", "duplicate hosts"),
        ("VirtualService", ["http"], [], "spec.http", "http, tcp or tls must be provided"),
        (
            "VirtualService",
            [*HTTP, "match"],
            [{"uri": {"regex": "(?=x)"}}],
            "match[0].uri.regex",
            "RE2 style",
        ),
        (
            "VirtualService",
            [*HTTP, "match"],
            [{"headers": {"x-a": {"exact": "b", "prefix": "c"}}}],
            "match[0].headers[x-a]",
            'only one of "exact", "prefix" may be set',
        ),
        (
            "VirtualService",
            [*HTTP, "match"],
            [{"headers": {"x-a": None}}],
            "match[0].headers[x-a]",
            "must be of type object",
        ),
        ("VirtualService", [*HTTP, "match"], [{"headers": {"x a": {}}}], "headers", "valid header"),
        ("VirtualService", [*HTTP, "match"], [{"port": 70000}], "match[0].port", "range 1..65535"),
        ("VirtualService", [*HTTP, "mirror"], {"host": "*"}, "mirror.host", "invalid destination"),
        (
            "VirtualService",
            [*HTTP, "mirrorPercentage"],
            {"value": 101},
            "mirrorPercentage.value",
            "max value of 100",
        ),
        ("Gateway", ["servers"], [], "spec.servers", "at least one server"),
        ("Gateway", ["servers", 0, "hosts"], [], "servers[0].hosts", "at least one host"),
        ("Gateway", ["servers", 0, "hosts"], ["a"], "hosts[0]", "short names (non FQDN)"),
        ("Gateway", ["servers", 0, "port", "number"], 0, "port.number", "range 1..65535"),
        ("DestinationRule", ["subsets", 0, "name"], "a.b", "subsets[0].name", "subset name"),
        (
            "DestinationRule",
            ["subsets"],
            [{"name": "a"}, {"name": "a"}],
            "subsets[1].name",
            'Duplicate value: "a"',
        ),
        (
            "DestinationRule",
            ["trafficPolicy"],
            {"loadBalancer": {"simple": "RANDM"}},
            "simple",
            'Unsupported value: "RANDM": supported values: ',
        ),
        ("ServiceEntry", ["hosts"], ["*"], "spec.hosts[0]", "invalid host"),
        ("ServiceEntry", ["hosts"], ["*.a.com"], "spec.hosts[0]", "hosts must be FQDN"),
        ("ServiceEntry", ["resolution"], "STATIC", "spec.endpoints", "endpoints must be provided"),
        ("ServiceEntry", ["addresses"], ["10.0.0.0/8"], "addresses[0]", "address ranges"),
        ("ServiceEntry", ["ports"], [], "spec.ports", "ports required"),
        (
            "ServiceEntry",
            ["endpoints"],
            [{"address": "b.com", "ports": {"x": 1}}],
            "ports[x]",
            "not defined",
        ),
    ],
)
def test_istio_s_rules(kind: str, path: list[Any], value: Any, field: str, words: str) -> None:
    found = judge(kind, changed(kind, path, value)).problems
    assert any(p.field.endswith(field) and words in p.message for p in found), found


def test_a_service_entry_without_resolution_is_not_silently_none() -> None:
    spec = yaml.safe_load(BASES["ServiceEntry"])
    del spec["resolution"]
    (problem,) = judge("ServiceEntry", yaml.safe_dump(spec, default_flow_style=True)).problems
    assert problem.field == "spec.resolution"
    assert "NONE" in problem.message


def test_an_object_without_a_spec_says_what_it_lacks() -> None:
    for kind in BASES:
        assert judge(kind, "{}").problems


@pytest.mark.parametrize(
    ("pattern", "sound"),
    [
        (r".*", True),
        (r"/items/\d+(\?.*)?", True),
        (r"(?i)abc", True),
        (r"(?P<x>a)|(?<y>b)", True),
        (r"\Q*\E\z", True),
        (r"[[:alpha:]]+\pL\p{Greek}", True),
        (r"\(?=a", True),
        (r"(?=a)", False),
        (r"(?<!a)b", False),
        (r"(a)\1", False),
        (r"a++", False),
        (r"a{1001}", False),
        (r"(", False),
        (r"*", False),
        (r"[z-a]", False),
    ],
)
def test_regular_expressions_are_re2(pattern: str, sound: bool) -> None:
    assert (regex_fault(pattern) == "") is sound


def test_references_that_lead_nowhere_are_warned_of() -> None:
    snapshot = take(shop())
    text = "{hosts: [catalog], gateways: [gone], http: [{route: [{destination: {host: %s}}]}]}"
    unknown = judge("VirtualService", text % "nowhere", snapshot).warnings
    assert any("spec.gateways[0]: Referenced gateway not found" in w for w in unknown)
    assert any("http[0].route[0].destination.host: Referenced host" in w for w in unknown)
    subset = judge("VirtualService", text % "catalog, subset: v9", snapshot).warnings
    assert any("Referenced host+subset in destinationrule not found" in w for w in subset)
    rule = judge("DestinationRule", "{host: nowhere}", snapshot).warnings
    assert rule == (
        'spec.host: Referenced host not found: "nowhere.istioinaction.svc.cluster.local"',
    )
    assert judge("VirtualService", BASES["VirtualService"], snapshot).warnings == ()


def test_rules_behind_one_that_takes_everything_are_warned_of() -> None:
    rule = "{route: [{destination: {host: a}}]}"
    spec = f"{{hosts: [a.b], http: [{rule}, {rule}]}}"
    assert any("rule not used" in w for w in judge("VirtualService", spec).warnings)


@pytest.mark.parametrize("kind", BASES)
def test_the_table_of_supported_fields_names_only_fields_that_istio_has(kind: str) -> None:
    def check(tree: Any, schema: Any, path: str) -> None:
        if isinstance(tree, Leaf | Only):
            return
        schema = schema.get("items", schema)
        for name, below in tree.items():
            if name == "*":
                check(below, schema["additionalProperties"], f"{path}.*")
            else:
                assert name in schema["properties"], f"{path}.{name}"
                check(below, schema["properties"][name], f"{path}.{name}")

    check(SUPPORTED[kind], schema_of(kind), kind)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("outboundTrafficPolicy: {mode: REGISTRY}", ".outboundTrafficPolicy.mode", "REGISTRY_ONLY"),
        ("outboundTraficPolicy: {}", ".outboundTraficPolicy", 'mean "outboundTrafficPolicy"'),
        ("outboundTrafficPolicy: {mod: X}", ".outboundTrafficPolicy.mod", 'mean "mode"'),
        ("outboundTrafficPolicy: REGISTRY_ONLY", ".outboundTrafficPolicy", "must be an object"),
        ("enableAutoMtls: true", ".enableAutoMtls", "not supported by the local cluster"),
        ("accessLogFile: /tmp/log", ".accessLogFile", "not supported by the local cluster"),
        ("accessLogEncoding: JSON", ".accessLogEncoding", 'supported values: "TEXT"'),
        ("[a]", "", "must be a mapping"),
        ("a: [", "", "not YAML"),
    ],
)
def test_mesh_settings_that_are_not_followed_are_refused_aloud(
    text: str, field: str, words: str
) -> None:
    (problem,) = admit_mesh_config(text).problems
    assert problem.field == f"meshConfig{field}"
    assert words in problem.message


def test_the_mesh_s_config_map_is_judged_and_no_other() -> None:
    ((resource, obj),) = parse(chapter.mesh_config("REGISTRY_ONLY"))
    assert admit(resource, obj, Snapshot()) == Admission()
    obj["data"]["mesh"] = "trustDomain: example.com"
    (problem,) = admit(resource, obj, Snapshot()).problems
    assert problem.field == "data[mesh].trustDomain"
    obj["metadata"]["name"] = "other"
    assert admit(resource, obj, Snapshot()) == Admission()
    assert admit_mesh_config("") == Admission()
