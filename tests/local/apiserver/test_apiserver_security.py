"""Who gets in, and what hostile bytes do: nothing."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from apiserver_world import World, config_map, named
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.local.apiserver import ApiServer
from harness.local.apiserver import server as serving
from harness.local.apiserver.bodies import LIMIT, parse
from harness.local.apiserver.statuses import Refusal
from harness.local.store import Store, kinds

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize("token", ["", "wrong", "Bearer"])
@pytest.mark.parametrize("path", ["/api", "/version", "/healthz", "/api/v1/secrets", "/openapi/v3"])
def test_without_the_token_nothing_is_answered(world: World, token: str, path: str) -> None:
    answer = world.request("GET", path, token=token)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "Unauthorized"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:443"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_web_page_cannot_drive_it(world: World, headers: dict[str, str]) -> None:
    answer = world.request("DELETE", "/api/v1/namespaces/default", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["reason"] == "Forbidden"


def test_it_speaks_tls_only_and_checks_out_against_its_own_ca(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.port), timeout=5) as plain:
        plain.sendall(b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" not in plain.recv(1000)
    context = ssl.create_default_context(cadata=world.credentials.ca.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", world.port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


@contextmanager
def connected(world: World) -> Iterator[ssl.SSLSocket]:
    """A TLS connection for bytes no HTTP client would send."""
    context = ssl.create_default_context(cadata=world.credentials.ca.decode())
    with (
        socket.create_connection(("127.0.0.1", world.port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        yield secured


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /api HTTP/3.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_not_logged(
    world: World, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    with connected(world) as client, client.makefile("rb") as answer:
        client.sendall(request_)
        assert answer.readline().startswith(b"HTTP/1.0 400 ")
    assert caplog.text == ""


def test_a_fault_of_the_server_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    protocols: Any = world._server._protocols
    protocols.request_handler = lambda request: None
    with connected(world) as client, client.makefile("rb") as answer:
        client.sendall(b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer.readline().startswith(b"HTTP/1.1 500 ")
    assert "object NoneType can't be used in 'await' expression" in caplog.text


def expecting(world: World, token: str, expected: str = "100-continue") -> bytes:
    """The first line that answers a POST which waits for leave to send its body."""
    with connected(world) as client, client.makefile("rb") as answer:
        client.sendall(
            f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
            f"Expect: {expected}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        return answer.readline()


def test_only_who_may_come_in_is_asked_for_the_body_it_waits_to_send(world: World) -> None:
    assert expecting(world, world.credentials.token) == b"HTTP/1.1 100 Continue\r\n"
    assert expecting(world, "wrong") == b"HTTP/1.1 401 Unauthorized\r\n"


@pytest.mark.parametrize("rest", [b"", b"no size\r\n"])
def test_a_body_that_does_not_arrive_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, rest: bytes
) -> None:
    monkeypatch.setattr(serving, "BODY_SECONDS", 0.1)
    with connected(world) as client, client.makefile("rb") as answer:
        client.sendall(
            f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            f"Authorization: Bearer {world.credentials.token}\r\n\r\n1\r\n{{\r\n".encode()
        )
        world.until(lambda: bool(world.under_way))
        client.sendall(rest)
        assert answer.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
        headers = http.client.parse_headers(answer)
        assert headers["Connection"] == "close"
        document = json.loads(answer.read(int(headers["Content-Length"])))
    assert document["message"] == "the request body has not arrived within 0.1 s; send it again"


def test_an_expectation_that_cannot_be_met_is_refused(world: World) -> None:
    token = world.credentials.token
    assert expecting(world, token, "nonsense") == b"HTTP/1.1 417 Expectation Failed\r\n"
    assert expecting(world, "wrong", "nonsense") == b"HTTP/1.1 401 Unauthorized\r\n"
    answer = world.post(CONFIG_MAPS, config_map("c"), headers={"Expect": "nonsense"})
    assert answer.json()["reason"] == "ExpectationFailed"
    assert "'nonsense'" in answer.json()["message"]


def test_a_client_of_http_1_0_is_never_told_to_continue(world: World) -> None:
    with connected(world) as client, client.makefile("rb") as answer:
        client.sendall(
            f"POST {CONFIG_MAPS} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n"
            f"Authorization: Bearer {world.credentials.token}\r\n\r\n{{}}".encode()
        )
        # Its object has no name.
        assert answer.readline() == b"HTTP/1.0 422 Unprocessable Entity\r\n"


@pytest.mark.parametrize("path", ["/api/v1/%0Apods", "/%0A", "/api/v1/namespaces/a%0Ab/pods/c"])
def test_a_line_feed_in_a_path_names_nothing(world: World, path: str) -> None:
    answer = world.request("GET", path)
    assert answer.status_code == 404
    assert answer.json()["reason"] == "NotFound"


def test_it_refuses_to_listen_beyond_loopback(world: World) -> None:
    server = ApiServer(Store(), credentials=world.credentials)
    with pytest.raises(ValueError, match="loopback only"):
        world.run(server.start(host="0.0.0.0"))


def test_the_kubeconfig_is_private_and_complete(world: World) -> None:
    assert stat.S_IMODE(world.kubeconfig.stat().st_mode) == 0o600
    content = yaml.safe_load(world.kubeconfig.read_text())
    assert content["current-context"] == "local"
    assert content["contexts"][0]["context"]["namespace"] == "default"
    assert content["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{world.port}"
    assert world.credentials.token not in repr(world.credentials)


BOMB = b"a: &a [x,x,x,x,x,x,x,x]\n" + b"\n".join(
    b"%c: &%c [%s]" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 8)) for i in range(12)
)


@pytest.mark.parametrize(
    ("media", "body", "code"),
    [
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"\xff\xfe{", 400),
        ("application/json", b'{"metadata": {"name": "\\ud800"}}', 400),
        ("application/json", b'{"a": NaN}', 400),
        ("application/json", b'{"a": 1e999}', 400),
        ("application/json", b'{"a": ' + b"9" * 5000 + b"}", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"a":' * 200 + b"1" + b"}" * 200, 400),
        ("application/json", b'{"metadata": {"name": "' + b"x" * 1_000_000 + b'"}}', 422),
        ("application/json", b'{"metadata": []}', 400),
        ("application/json", b'{"metadata": {"name": 5}}', 400),
        ("application/json", b'{"metadata": {"name": "c", "labels": {"a": 1}}}', 400),
        ("application/json", b'{"metadata": {"name": "c"}, "data": {"a": {}}}', 400),
        ("application/json", b" " * (LIMIT + 1), 413),
        ("application/yaml", BOMB, 400),
        ("application/yaml", b"a: !!python/object/apply:os.system [id]", 400),
        ("application/yaml", b"\x00", 400),
        ("application/yaml", b"[" * 5000, 400),
        ("application/yaml", b"? {a: b}\n: c", 400),
        ("application/vnd.kubernetes.protobuf", b"k8s\x00\xff\xff\xff", 400),
        ("application/vnd.kubernetes.protobuf", b"nonsense", 400),
        ("text/html", b"<p>", 415),
    ],
)
def test_hostile_bodies_are_refused_and_change_nothing(
    world: World, media: str, body: bytes, code: int
) -> None:
    before = world.store.version
    answer = world.request("POST", CONFIG_MAPS, data=body, headers={"Content-Type": media})
    assert answer.status_code == code, answer.text[:500]
    assert answer.json()["kind"] == "Status"
    assert len(answer.text) < 5000
    assert world.store.version == before


def test_yaml_is_accepted_too(world: World) -> None:
    answer = world.request(
        "POST",
        CONFIG_MAPS,
        data="metadata: {name: c}\ndata: {a: '1'}",
        headers={"Content-Type": "application/yaml"},
    )
    assert answer.status_code == 201
    assert answer.json()["data"] == {"a": "1"}


def test_a_copying_patch_cannot_grow_without_bound(world: World) -> None:
    world.post(CONFIG_MAPS, {**named("c"), "data": {"a": "x" * 1000}})
    doubling = [{"op": "copy", "from": "/data", "path": f"/data/{n}"} for n in range(40)]
    answer = world.request(
        "PATCH",
        f"{CONFIG_MAPS}/c",
        data=json.dumps(doubling),
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert answer.status_code == 422
    assert "copied" in answer.json()["message"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
FIELDS = [
    *("metadata", "spec", "status", "data", "name", "labels", "template", "containers", "ports"),
    *("selector", "matchLabels", "strategy", "replicas", "http", "hosts", "items", "op", "path"),
    *("value", "$patch", "$retainKeys", "$setElementOrder/containers", "managedFields"),
    *("ownerReferences", "finalizers", "annotations", "stringData", "subsets", "endpoints"),
]
documents = st.recursive(
    json_values,
    lambda inner: (
        st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4) | st.lists(inner, max_size=3)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("status", [[], [{}], "Active", 1, {"phase": []}, {"conditions": {}}])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_status_of_the_wrong_shape_is_refused(world: World, status: object, method: str) -> None:
    path = "/api/v1/namespaces/default"
    before = world.request("GET", path).json()
    answer = world.request(
        method,
        f"{path}/status",
        data=json.dumps({**before, "status": status}).encode(),
        headers={
            "Content-Type": "application/json"
            if method == "PUT"
            else "application/merge-patch+json"
        },
    )
    assert answer.status_code == 400, answer.text
    assert "Namespace" in answer.json()["message"]
    assert world.request("GET", path).json() == before


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    document=documents,
    resource=st.sampled_from(kinds.ALL),
    action=st.sampled_from(
        ["POST", "PUT", "json", "merge", "strategic", "apply", "status", "scale", "DELETE"]
    ),
    query=st.dictionaries(
        st.sampled_from(
            ["dryRun", "fieldValidation", "fieldManager", "limit", "continue", "labelSelector",
             "fieldSelector", "resourceVersion", "gracePeriodSeconds", "force"]
        ),
        st.text(max_size=6) | st.sampled_from(["All", "Strict", "1", "true", "a=b"]),
        max_size=3,
    ),
)  # fmt: skip
def test_no_document_gets_a_5xx(
    world: World, document: object, resource: kinds.Resource, action: str, query: dict[str, str]
) -> None:
    group = f"/apis/{resource.group}" if resource.group else "/api"
    inside = "/namespaces/default" if resource.namespaced else ""
    path = f"{group}/{resource.versions[0]}{inside}/{resource.plural}"
    world.do(lambda: _ensure(world, resource))
    media = {
        "json": "application/json-patch+json",
        "merge": "application/merge-patch+json",
        "strategic": "application/strategic-merge-patch+json",
        "apply": "application/apply-patch+yaml",
    }.get(action, "application/merge-patch+json")
    method = action if action in ("POST", "PUT", "DELETE") else "PATCH"
    suffix = f"/x/{action}" if action in ("status", "scale") else "/x"
    answer = world.request(
        method,
        path if method == "POST" else path + suffix,
        data=json.dumps(document).encode(),
        params={"fieldManager": "fuzz", **query},
        headers={
            "Content-Type": "application/json" if method in ("POST", "PUT", "DELETE") else media
        },
    )
    assert answer.status_code < 500, answer.text
    listed = world.request(
        "GET", path, params=query, headers={"Accept": "application/json;as=Table"}
    )
    assert listed.status_code < 500, listed.text


def _ensure(world: World, resource: kinds.Resource) -> None:
    if world.store.find(resource, "default", "x") is None:
        world.store.create(resource, named("x"), "default")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    for media in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"):
        for body in (data, b"k8s\x00" + data):
            refused = _refusal(media, body)
            assert refused is None or refused.code in (400, 415)


def _refusal(media: str, body: bytes) -> Refusal | None:
    try:
        parse(media, body)
    except Refusal as refusal:
        return refusal
    return None
