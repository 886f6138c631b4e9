"""Sidecar injection: a container istio-proxy in pods that ask for one. Pure but for the
namespace's labels, which it reads from the store.

Source: istio/istio pkg/kube/inject (injectRequired: the pod's label outweighs the namespace's).
"""

from __future__ import annotations

import json
from typing import Any, Final

from harness.local.contracts import (
    INJECTED_ANNOTATION,
    INJECTION_LABEL,
    PROXY_CONTAINER,
    PROXY_IMAGE_NAME,
)
from harness.local.node.images import AUTO_IMAGE
from harness.local.options import ClusterConfig
from harness.local.store import Object, Store, kinds

POD_LABEL: Final = "sidecar.istio.io/inject"
DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
"""Annotation by which kubectl logs and exec choose a container."""


def inject(store: Store, config: ClusterConfig, new: dict[str, Any]) -> None:
    """Add the sidecar to a new pod, in place, if its namespace or its own label asks for it."""
    image = f"docker.io/istio/{PROXY_IMAGE_NAME}:{config.istio or 'latest'}"
    containers = new["spec"].get("containers", [])
    own = next((c for c in containers if c.get("name") == PROXY_CONTAINER), None)
    if own is not None:
        if own.get("image") == AUTO_IMAGE:
            own["image"] = image
        return
    metadata = new["metadata"]
    namespace = store.find(kinds.NAMESPACES, "", metadata.get("namespace", ""))
    if not containers or not injection_wanted(metadata.get("labels", {}), namespace):
        return
    containers.append({"name": PROXY_CONTAINER, "image": image})
    annotations = metadata.setdefault("annotations", {})
    annotations.setdefault(DEFAULT_CONTAINER, containers[0]["name"])
    annotations[INJECTED_ANNOTATION] = json.dumps(
        {"initContainers": None, "containers": [PROXY_CONTAINER], "revision": "default"},
        separators=(",", ":"),
    )


def injection_wanted(labels: Object, namespace: Object | None) -> bool:
    """The pod's label if it has one, else the namespace's; ``disabled`` there outweighs all."""
    policy = (namespace or {"metadata": {}})["metadata"].get("labels", {}).get(INJECTION_LABEL)
    if policy == "disabled":
        return False
    wish = str(labels.get(POD_LABEL, "")).lower()
    if wish in ("true", "false"):
        return wish == "true"
    return bool(policy == "enabled")
