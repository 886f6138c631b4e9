"""HTTP answers: JSON, warnings, and which form of an object the client wants."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict, MutableMultiMapping

from harness.local.apiserver import tables
from harness.local.apiserver.listing import Page, as_list
from harness.local.apiserver.targets import Target
from harness.local.store import Object

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dumps(document: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return _ENCODER.encode(document).encode()


def json_response(
    document: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    warnings: Iterable[str] = (),
) -> web.Response:
    """A JSON answer with warnings for who asked."""
    own: CIMultiDict[str] = CIMultiDict(headers or {})
    own.setdefault("Content-Type", "application/json")
    own["Cache-Control"] = "no-cache, private"
    for warning in warnings:
        warn(own, warning)
    return web.Response(body=dumps(document), status=status, headers=own)


def warn(headers: MutableMultiMapping[str], warning: str) -> None:
    """Add a header that kubectl prints (RFC 7234 section 5.5)."""
    headers.add("Warning", f'299 - "{_quoted(warning)}"')


def _quoted(text: str) -> str:
    plain = "".join(each if each.isprintable() and each.isascii() else "?" for each in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')[:1000]


@dataclass(frozen=True, slots=True)
class Form:
    """How a client wants objects: whole, metadata only, or as table rows."""

    table: bool
    partial: bool
    include: str

    @classmethod
    def of(cls, request: web.BaseRequest) -> Form:
        """Read from the Accept header, whose first known alternative wins."""
        include = request.query.get("includeObject") or "Metadata"
        return _form(request.headers.get("Accept", ""), include)

    def page(self, target: Target, found: Page, now: datetime) -> dict[str, Any]:
        """A list in this form."""
        if self.table:
            return tables.table(
                target.resource, found.objects, now, metadata=found.metadata, include=self.include
            )
        if self.partial:
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": found.metadata,
                "items": [tables.partial(obj) for obj in found.objects],
            }
        return as_list(target, found)

    def single(self, target: Target, obj: Object, now: datetime) -> Object:
        """One object in this form."""
        if self.table:
            version = obj["metadata"].get("resourceVersion", "")
            metadata = {"resourceVersion": version}
            return tables.table(
                target.resource, [obj], now, metadata=metadata, include=self.include
            )
        return tables.partial(obj) if self.partial else obj

    def rendering(self, target: Target, now: Callable[[], datetime]) -> Callable[[Object], Any]:
        """How watch events carry objects: only the first table of a watch has its head."""
        if not self.table:
            return tables.partial if self.partial else lambda obj: obj
        headed = True

        def render(obj: Object) -> dict[str, Any]:
            nonlocal headed
            metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            shown = tables.table(
                target.resource,
                [obj] if "name" in obj["metadata"] else (),
                now(),
                metadata=metadata,
                include=self.include,
                headed=headed,
            )
            if not shown["rows"]:
                shown["rows"] = [{"cells": [], "object": tables.partial(obj)}]
            headed = False
            return shown

        return render


@functools.lru_cache(maxsize=256)
def _form(accept: str, include: str) -> Form:
    for alternative in accept.split(","):
        parameters = {part.strip() for part in alternative.split(";")[1:]}
        if "as=Table" in parameters:
            return Form(True, False, include)
        if parameters & {"as=PartialObjectMetadata", "as=PartialObjectMetadataList"}:
            return Form(False, True, include)
        if not any(each.startswith("as=") for each in parameters) and "json" in alternative:
            break
    return Form(False, False, include)
