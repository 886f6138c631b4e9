"""Every path of the API to what answers it."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from harness.local.apiserver import bodies, containers, discovery, health, refused, reviews, scale
from harness.local.apiserver.answers import Form, dumps, json_response, warn
from harness.local.apiserver.documents import APPLY_PATCHES
from harness.local.apiserver.listing import at_version, current, page
from harness.local.apiserver.openapi import V2_PROTOBUF, v2_protobuf
from harness.local.apiserver.openapi import routes as openapi_routes
from harness.local.apiserver.opening import Opening
from harness.local.apiserver.options import DeleteOptions, ListOptions, WriteOptions
from harness.local.apiserver.statuses import (
    Refusal,
    bad_request,
    success,
    unknown_path,
    unsupported,
)
from harness.local.apiserver.targets import Target, find
from harness.local.apiserver.watching import events
from harness.local.store import Store, kinds

if TYPE_CHECKING:
    from harness.local.apiserver.writes import Writer, Written

_RETURNED_WHEN_DELETED: Final = (kinds.PODS, kinds.SERVICES, kinds.SERVICE_ACCOUNTS)
"""Kinds whose delete answers with the object (source: ReturnDeletedObject in their registries)."""
_REVIEWS: Final = {
    f"apis/{review.group}/v1/{review.plural}": review.kind for review in discovery.REVIEWS
}
_ENDPOINTS_ARE_OLD: Final = (
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
)
"""Source: k8s.io/kubernetes/pkg/registry/core/endpoint and the API's deprecation guide."""
UNSERVED_SUBRESOURCES: Final = frozenset(
    {"attach", "binding", "ephemeralcontainers", "eviction", "finalize", "proxy", "resize", "token"}
)

Verb = Callable[[web.BaseRequest, Target], Awaitable[web.StreamResponse]]


class Routes:
    """Answers requests that passed the gate."""

    def __init__(self, store: Store, opening: Opening, now: Callable[[], datetime]) -> None:
        self._store = store
        self._opening = opening
        self._now = now

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to any request; Refusal for what the API does not have."""
        parts = request.path.strip("/").split("/")
        if parts[0] in health.ENDPOINTS:
            return health.answer(parts, request.query, ready=self._opening.is_open)
        if parts == ["version"]:
            return json_response(discovery.version_info())
        if parts == ["openapi", "v2"] and V2_PROTOBUF in request.headers.get("Accept", ""):
            return v2_protobuf()
        if parts[0] == "openapi":
            return openapi_routes(request)
        if (parts[0] == "api" and len(parts) <= 2) or (parts[0] == "apis" and len(parts) <= 3):
            return _discover(request, parts)
        if review := _REVIEWS.get("/".join(parts)):
            return await self._review(request, review)
        target = _target(request.path)
        if not target.served and not _in_passing(request, target):
            raise unsupported(f"{request.method} of {target.resource.group_plural}")
        response = await self._verb(request.method, target)(request, target)
        if target.resource is kinds.ENDPOINTS and not response.prepared:
            warn(response.headers, _ENDPOINTS_ARE_OLD)
        return response

    def _verb(self, method: str, target: Target) -> Verb:
        if target.subresource in ("log", "exec", "portforward"):
            return self._stream
        if target.subresource == "scale":
            verbs: dict[str, Verb] = {
                "GET": self._scale,
                "PUT": self._scale,
                "PATCH": self._scale,
            }
        elif target.name is None:
            verbs = {"GET": self._list, "POST": self._create, "DELETE": self._delete_all}
        else:
            verbs = {"GET": self._get, "PUT": self._update, "PATCH": self._patch}
            if target.subresource is None:
                verbs["DELETE"] = self._delete
        if method not in verbs:
            raise unsupported(f"{method} of {target.resource.group_plural}")
        return verbs[method]

    # --- reading ---------------------------------------------------------------------------

    async def _list(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        options = ListOptions.parse(request.query)
        if options.watch:
            return await self._watch(request, target, options)
        found = page(self._store, target, options)
        return json_response(Form.of(request).page(target, found, self._now()))

    async def _get(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        options = ListOptions.parse(request.query)
        if options.watch:
            return await self._watch(request, target, options)
        obj = at_version(target.resource, target.version, current(self._store, target))
        return json_response(Form.of(request).single(target, obj, self._now()))

    async def _watch(
        self, request: web.BaseRequest, target: Target, options: ListOptions
    ) -> web.StreamResponse:
        if not target.served:
            raise unsupported(f"a watch of {target.resource.group_plural}")
        render = Form.of(request).rendering(target, self._now)
        batches = events(self._store, target, options, render)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for batch in batches:
            lines = (dumps({"type": kind, "object": obj}) for kind, obj in batch)
            await response.write(b"\n".join(lines) + b"\n")
        await response.write_eof()
        return response

    # --- writing ---------------------------------------------------------------------------

    async def _writer(self) -> Writer:
        """Asked for when the request has been read: after it, the write is one step."""
        return (await self._opening.rooms()).writer

    async def _create(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        document = bodies.parse_object(request.content_type, await request.read())
        options = _write_options(request)
        written = (await self._writer()).create(target, document, options)
        return self._written(request, target, written)

    async def _update(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        document = bodies.parse_object(request.content_type, await request.read())
        options = _write_options(request)
        written = (await self._writer()).update(target, document, options)
        return self._written(request, target, written)

    async def _patch(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        body = await request.read()
        options = _write_options(request)
        if request.content_type in APPLY_PATCHES:
            if not request.query.get("fieldManager"):
                raise bad_request(
                    "PatchOptions.meta.k8s.io is invalid: fieldManager: Required "
                    "value: is required for apply patch"
                )
            wanted = bodies.parse_object(request.content_type, body)
            written = (await self._writer()).apply(target, wanted, options)
            return self._written(request, target, written)
        patch = bodies.parse(request.content_type, body)
        written = (await self._writer()).patch(target, request.content_type, patch, options)
        return self._written(request, target, written)

    def _written(
        self, request: web.BaseRequest, target: Target, written: Written
    ) -> web.StreamResponse:
        obj = at_version(target.resource, target.version, written.object)
        return json_response(
            Form.of(request).single(target, obj, self._now()),
            201 if written.created else 200,
            warnings=written.warnings,
        )

    async def _delete(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        options = await _delete_options(request)
        last = (await self._writer()).delete(target, options)
        if target.resource in _RETURNED_WHEN_DELETED:
            return json_response(at_version(target.resource, target.version, last))
        details = {
            "name": target.name,
            **({"group": target.resource.group} if target.resource.group else {}),
            "kind": target.resource.plural,
            "uid": last["metadata"]["uid"],
        }
        return json_response(success(details))

    async def _delete_all(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if target.resource.namespaced and target.namespace is None:
            raise unsupported(f"DELETE of {target.resource.group_plural} in all namespaces")
        options = await _delete_options(request)
        writer = await self._writer()
        for obj in page(self._store, target, ListOptions.parse(request.query)).objects:
            name = obj["metadata"]["name"]
            one = Target(target.resource, target.version, target.namespace, name)
            writer.delete(one, options)
        return json_response(success({"kind": target.resource.plural}))

    async def _scale(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if request.method == "GET":
            return json_response(scale.of(current(self._store, target)))
        document = bodies.parse(request.content_type, await request.read())
        options = _write_options(request)
        writer = await self._writer()
        obj = current(self._store, target)
        wanted = scale.changed(target, obj, request.method, request.content_type, document)
        own = Target(target.resource, target.version, target.namespace, target.name)
        written = writer.update(own, wanted, options)
        return json_response(scale.of(written.object), warnings=written.warnings)

    async def _review(self, request: web.BaseRequest, kind: str) -> web.StreamResponse:
        if request.method != "POST":
            raise unsupported(f"{request.method} of a {kind}")
        document = bodies.parse_object(request.content_type, await request.read())
        return json_response(reviews.answer(kind, document), 201)

    # --- streams ---------------------------------------------------------------------------

    async def _stream(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if request.method not in ("GET", "POST"):
            raise unsupported(f"{request.method} of pods/{target.subresource}")
        # Twice: what is not there need not wait for the node, and may be gone after the wait.
        current(self._store, target)
        rooms = await self._opening.rooms()
        pod = current(self._store, target)
        if target.subresource == "log":
            return await containers.stream_log(request, rooms.node, pod)
        if target.subresource == "exec":
            return await containers.execute(request, rooms.node, pod)
        # Seldom asked for: not worth every start's time.
        from harness.local.apiserver.portforward import forward

        return await forward(request, rooms.node, pod)


def _in_passing(request: web.BaseRequest, target: Target) -> bool:
    """Whether a kind that is not served is read on the way to something else."""
    if request.method != "GET":
        return False
    pruning = target.name is None and request.headers.get("Kubectl-Command") in refused.PRUNING
    return pruning or refused.lists_none(target.resource)


def _discover(request: web.BaseRequest, parts: list[str]) -> web.Response:
    if len(parts) == 1:
        core = parts == ["api"]
        if "as=APIGroupDiscoveryList" in request.headers.get("Accept", ""):
            document: Any = discovery.aggregated(core)
            return json_response(document, headers={"Content-Type": discovery.AGGREGATED})
        return json_response(discovery.api_versions() if core else discovery.api_group_list())
    if parts[0] == "api":
        if parts[1] == "v1":
            return json_response(discovery.resource_list("", "v1"))
    elif parts[1] in discovery.GROUPS:
        if len(parts) == 2:
            return json_response(discovery.api_group(parts[1]))
        if parts[2] in discovery.versions(parts[1]):
            return json_response(discovery.resource_list(parts[1], parts[2]))
    raise unknown_path()


def _write_options(request: web.BaseRequest) -> WriteOptions:
    """The query; a client that names no manager is known by the first word of its agent."""
    agent = request.headers.get("User-Agent", "").partition("/")[0].strip()[:128]
    return WriteOptions.parse(request.query, agent)


async def _delete_options(request: web.BaseRequest) -> DeleteOptions:
    body = await request.read()
    document = bodies.parse_object(request.content_type, body) if body else {}
    return DeleteOptions.parse(request.query, document)


@functools.lru_cache(maxsize=256)
def _target(path: str) -> Target:
    """What a path names; Refusal for what is not there or not served."""
    _refuse_unserved_subresource(path)
    return find(path)


def _refuse_unserved_subresource(path: str) -> None:
    match = re.fullmatch(r".*/([a-z]+)/[^/]+/([a-z]+)(/.*)?", path)
    if match and match[2] in UNSERVED_SUBRESOURCES:
        if path.count("/") == 5 and match[1] == "namespaces" and match[2] == "finalize":
            raise unsupported("namespaces/finalize")
        if match[1] in ("pods", "serviceaccounts", "services", "nodes"):
            raise unsupported(f"{match[1]}/{match[2]}")


__all__ = ["Refusal", "Routes"]
