"""OpenAPI v3 and v2: what ``apply`` and ``explain`` read.

Each group-version is one document, listed with a hash of its content, because kubectl keeps
documents on disk by that hash.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any, Final

from aiohttp import web

from harness.local.apiserver import discovery
from harness.local.apiserver.answers import dumps, json_response
from harness.local.apiserver.schemas import components, schema_name
from harness.local.apiserver.statuses import unknown_path
from harness.local.store import ALL, Resource

_QUERY: Final = ("dryRun", "fieldManager", "fieldValidation", "pretty")


def routes(request: web.BaseRequest) -> web.Response:
    """Answer below ``/openapi``."""
    parts = request.path.strip("/").split("/")[1:]
    if parts == ["v2"]:
        return _small_v2(request)
    if parts == ["v3"]:
        return json_response(index())
    if parts[:1] == ["v3"]:
        body = documents().get("/".join(parts[1:]))
        if body is not None:
            return web.Response(body=body, headers={"Content-Type": "application/json"})
    raise unknown_path()


def _small_v2(request: web.BaseRequest) -> web.Response:
    """Enough for clients that only want to know that there is one."""
    del request
    info = {"title": "Kubernetes", "version": discovery.VERSION}
    return json_response({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})


@functools.cache
def documents() -> dict[str, bytes]:
    """Serialised documents by path below ``/openapi/v3``."""
    found = {}
    for group in ("", *discovery.GROUPS):
        for version in discovery.versions(group):
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            found[path] = dumps(_document(group, version))
    return found


@functools.cache
def index() -> dict[str, Any]:
    """The list of documents."""
    return {
        "paths": {
            path: {
                "serverRelativeURL": f"/openapi/v3/{path}?hash={hashlib.sha256(body).hexdigest()}"
            }
            for path, body in documents().items()
        }
    }


def _document(group: str, version: str) -> dict[str, Any]:
    served = [each for each in discovery.members(group) if version in each.versions]
    paths: dict[str, Any] = {}
    for resource in served:
        if resource not in discovery.REVIEWS:
            paths |= _paths(resource, version)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": discovery.VERSION},
        "paths": paths,
        "components": {"schemas": components(served, version)},
    }


def _paths(resource: Resource, version: str) -> dict[str, Any]:
    root = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
    inside = f"{root}/namespaces/{{namespace}}" if resource.namespaced else root
    collection, one = f"{inside}/{resource.plural}", f"{inside}/{resource.plural}/{{name}}"
    operations = {"get": "get", "put": "put", "patch": "patch", "delete": "delete"}
    named = ["namespace"] if resource.namespaced else []
    own: dict[str, Any] = {
        collection: {
            "parameters": _in_path(named),
            "get": _operation(resource, version, "list"),
            "post": _operation(resource, version, "post"),
        },
        one: {
            "parameters": _in_path([*named, "name"]),
            **{
                method: _operation(resource, version, action)
                for method, action in operations.items()
            },
        },
    }
    if resource.namespaced:
        own[f"{root}/{resource.plural}"] = {"get": _operation(resource, version, "list")}
    return own


def _in_path(names: list[str]) -> list[dict[str, Any]]:
    schema = {"type": "string", "uniqueItems": True}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _operation(resource: Resource, version: str, action: str) -> dict[str, Any]:
    kind = {"group": resource.group, "version": version, "kind": resource.kind}
    operation: dict[str, Any] = {
        "operationId": f"{action}{resource.group.title()}{version.title()}{resource.kind}",
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
        "responses": {"200": {"description": "OK"}},
    }
    if action in ("post", "put", "patch"):
        operation["parameters"] = [
            {
                "name": name,
                "in": "query",
                "schema": {"type": "string", "uniqueItems": True},
            }
            for name in _QUERY
        ]
        media = ["application/json", "application/yaml"]
        if action == "patch":
            media = [
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/apply-patch+yaml",
            ]
        if resource in ALL:
            whole = {"$ref": f"#/components/schemas/{schema_name(resource, version)}"}
            schema = {"type": "object"} if action == "patch" else whole
            content = {each: {"schema": schema} for each in media}
            operation["requestBody"] = {"content": content, "required": True}
    return operation


V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_EMPTY: Final = b"\x0a\x032.0\x12\x12\x0a\x0aKubernetes\x12\x04v1.0\x42\x00"
"""gnostic's openapi.v2.Document: swagger = 1, info = 2 (title = 1, version = 2), paths = 8."""


def v2_protobuf() -> web.Response:
    """A document without paths: enough for kubectl to say that a kind does not exist."""
    # In the answer the "@" is a "." (source: kube-openapi, pkg/handler): Go's mime package cannot
    # parse the other.
    return web.Response(body=_V2_EMPTY, headers={"Content-Type": V2_PROTOBUF.replace("@", ".")})
