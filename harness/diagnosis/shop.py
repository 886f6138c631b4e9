"""What the diagnosis knows of the demo shop: who calls whom, and how a version is configured."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CATALOG: Final = "catalog.istioinaction.svc.cluster.local"
FORUM: Final = "forum.istioinaction.svc.cluster.local"
OUTSIDE: Final = "jsonplaceholder.typicode.com"
"""The host outside the mesh from which forum has its users, on port 80."""
OUTSIDE_PORT: Final = 80

CALLS: Final[Mapping[str, str]] = MappingProxyType({"/api/catalog": CATALOG, "/api/users": FORUM})
"""Path at webapp → the service webapp calls for it."""
UPSTREAM_PATHS: Final[Mapping[str, str]] = MappingProxyType({CATALOG: "/items"})
"""Service → the path at which it is called."""
VERSION_LABEL: Final = "version"
PICTURES: Final = "SHOW_IMAGE"
"""Environment variable that makes a catalog answer as v2: any value that is not empty."""
VERSIONS: Final = ("v1", "v2")
"""Labels of good answers: which catalog sent them."""
ERRORS: Final[Mapping[str, str]] = MappingProxyType({CATALOG: "error calling Catalog service"})
"""Service → what webapp's clients get, with status 500, when a call to it fails in any way."""
ERROR_STATUS: Final = 500
TIMED_OUT: Final = "status 504"
"""Label of the answer that a proxy gives when its time-out ends the wait."""
