"""Lists: selection, pages, and the table or plain form of what was found. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.local.apiserver.options import ListOptions
from harness.local.apiserver.selectors import Predicate, SelectorError, predicate
from harness.local.apiserver.statuses import bad_request, gone
from harness.local.apiserver.targets import Target
from harness.local.store import Object, Resource, Store


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a kind and the list's metadata."""

    objects: Sequence[Object]
    metadata: dict[str, Any]


def selection(target: Target, options: ListOptions) -> Predicate | None:
    """The selectors of a request, and the name if the path has one; Refusal 400 if malformed."""
    try:
        chosen = predicate(options.labels, options.fields, target.resource)
    except SelectorError as error:
        raise bad_request(f"{error}") from error
    if target.name is None:
        return chosen
    return lambda obj: obj["metadata"]["name"] == target.name and (chosen is None or chosen(obj))


def at_version(resource: Resource, version: str, obj: Object) -> Object:
    """The object as a client of this version sees it; all versions of a kind share a schema."""
    api_version = resource.api_version(version)
    return obj if obj["apiVersion"] == api_version else {**obj, "apiVersion": api_version}


def current(store: Store, target: Target) -> Object:
    """The object a request names; NotFound if there is none."""
    return store.get(target.resource, target.namespace or "", target.name or "")


def parse_version(text: str) -> int:
    """A resourceVersion a client sent; Refusal 400 if it is none of ours."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise bad_request(f'Invalid value: "{text[:64]}": resourceVersion is not a number')
    return int(text)


def page(store: Store, target: Target, options: ListOptions) -> Page:
    """The objects asked for. A later page continues after the last name of the one before."""
    version, after = _position(store, options)
    chosen = selection(target, options)
    everything = store.list(target.resource, target.namespace) if target.served else []
    found = [obj for obj in everything if chosen is None or chosen(obj)]
    if after is not None:
        found = [obj for obj in found if _key(obj) > after]
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if options.limit and len(found) > options.limit:
        rest = len(found) - options.limit
        found = found[: options.limit]
        metadata["continue"] = _encode(version, _key(found[-1]))
        if chosen is None:
            metadata["remainingItemCount"] = rest
    return Page([at_version(target.resource, target.version, obj) for obj in found], metadata)


def as_list(target: Target, found: Page) -> dict[str, Any]:
    """The plain list object."""
    return {
        "kind": f"{target.resource.kind}List",
        "apiVersion": target.api_version,
        "metadata": found.metadata,
        "items": found.objects,
    }


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _position(store: Store, options: ListOptions) -> tuple[int, tuple[str, str] | None]:
    if options.continuation:
        version, after = _decode(options.continuation)
        if version > store.version:
            raise gone("The provided continue parameter is too old: list again without it.")
        return version, after
    wanted = parse_version(options.resource_version) if options.resource_version else 0
    if options.match == "Exact" and wanted != store.version:
        raise gone(f"The resourceVersion for the provided list is too old: {wanted}")
    if options.match not in ("", "Exact", "NotOlderThan"):
        raise bad_request(f"resourceVersionMatch: Unsupported value: {options.match[:40]!r}")
    if wanted > store.version:
        raise gone(f"Too large resource version: {wanted}, current: {store.version}")
    return store.version, None


def _encode(version: int, key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *key]).encode()).decode()


def _decode(text: str) -> tuple[int, tuple[str, str]]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise bad_request("continue key is not valid") from error
    if not (isinstance(version, int) and isinstance(namespace, str) and isinstance(name, str)):
        raise bad_request("continue key is not valid")
    return version, (namespace, name)
