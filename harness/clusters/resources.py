"""Which URL an object lives at: learnt from the API server's discovery, once per group-version."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.clusters.connection import ApiRefused, Connection, segment
from harness.errors import ApplyRefused


@dataclass(frozen=True, slots=True)
class Kind:
    """One served kind at one version."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """URL path of the collection, or of the object ``name`` in it."""
        root = (
            f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        )
        where = f"/namespaces/{segment(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{where}/{self.plural}" + (f"/{segment(name)}" if name else "")


class Discovery:
    """Served kinds, asked for when first needed. May be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()

    def kind_of(self, obj: Mapping[str, Any]) -> Kind:
        """The kind of a manifest's object; ApplyRefused if the cluster does not serve it."""
        api_version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
        if not api_version or not kind:
            raise ApplyRefused(f"an object without apiVersion or kind: {obj}", "add them")
        for found in self._served(api_version).values():
            if found.kind == kind:
                return found
        raise ApplyRefused(
            f"the cluster serves no kind {kind!r} in {api_version!r}",
            "correct apiVersion and kind; `kubectl api-resources` lists what there is",
        )

    def plural(self, api_version: str, plural: str) -> Kind:
        """The kind of that plural name; ApplyRefused if the cluster does not serve it."""
        found = self._served(api_version).get(plural)
        if found is None:
            raise ApplyRefused(
                f"the cluster serves no {plural!r} in {api_version!r}",
                "is Istio installed in it? `kubectl api-resources` lists what there is",
            )
        return found

    def _served(self, api_version: str) -> dict[str, Kind]:
        with self._lock:
            if api_version not in self._known:
                self._known[api_version] = self._ask(api_version)
            return self._known[api_version]

    def _ask(self, api_version: str) -> dict[str, Kind]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            answer = self._connection.request("GET", path)
        except ApiRefused as refused:
            if refused.code == 404:
                return {}
            raise
        return {
            entry["name"]: Kind(api_version, entry["kind"], entry["name"], entry["namespaced"])
            for entry in answer["resources"]
            if "/" not in entry["name"]
        }
