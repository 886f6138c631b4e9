"""The world outside the mesh on a real cluster: one pod without a sidecar, and a line in CoreDNS.

Objects and Corefile edits are pure; ``install`` and ``remove`` carry them out.
"""

from __future__ import annotations

from typing import Any, Final

from harness.clusters.api import Api
from harness.clusters.connection import ApiRefused
from harness.clusters.engine import image
from harness.errors import EnvironmentCannot
from harness.repository import OUTSIDE_USERS

HOST: Final = "jsonplaceholder.typicode.com"
NAMESPACE: Final = "outside"
NAME: Final = "jsonplaceholder"
PORT: Final = 8080
BEGIN: Final = "# begin: stand-in of istio-chapter-harness"
END: Final = "# end: stand-in of istio-chapter-harness"
SERVER: Final = f"""\
import http.server
class Users(http.server.SimpleHTTPRequestHandler):
    extensions_map = {{"": "application/json; charset=utf-8"}}
    def __init__(self, *arguments):
        super().__init__(*arguments, directory="/outside")
http.server.ThreadingHTTPServer(("", {PORT}), Users).serve_forever()
"""
"""Serves the file /outside/users as /users. Python is in every image of the shop."""
DNS_NAMESPACE: Final = "kube-system"
DNS: Final = "coredns"
COREFILE: Final = "Corefile"


def objects() -> list[dict[str, Any]]:
    """ConfigMap, Deployment and Service, none of them in the mesh."""
    labels = {"app": NAME}
    container = {
        "name": NAME,
        "image": image("forum"),
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-u", "-c", SERVER],
        "ports": [{"containerPort": PORT}],
        "volumeMounts": [{"name": "users", "mountPath": "/outside"}],
        "readinessProbe": {"httpGet": {"path": "/users", "port": PORT}},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": "users", "configMap": {"name": NAME}}],
    }
    template = {
        "metadata": {"labels": {**labels, "sidecar.istio.io/inject": "false"}}, "spec": pod
    }  # fmt: skip
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME},
            "data": {"users": OUTSIDE_USERS.read_text(encoding="utf-8")},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME, "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": PORT}]},
        },
    ]


def pointed(corefile: str, address: str) -> str:
    """The Corefile with the host answered by ``address``, in a server block of its own."""
    block = f"{BEGIN}\n{HOST}:53 {{\n    hosts {{\n        {address} {HOST}\n    }}\n}}\n{END}\n"
    return block + unpointed(corefile)


def unpointed(corefile: str) -> str:
    """The Corefile without what ``pointed`` adds."""
    before, begin, rest = corefile.partition(f"{BEGIN}\n")
    if not begin:
        return corefile
    return before + rest.partition(f"{END}\n")[2]


def require_dns(api: Api) -> None:
    """EnvironmentCannot if the cluster's DNS is not a CoreDNS that can be pointed anywhere."""
    _corefile(api)


def install(api: Api) -> None:
    """Run the pod and point the cluster's DNS at it."""
    corefile = _corefile(api)
    api.ensure_namespace(NAMESPACE, {})
    for each in objects():
        api.apply(each, NAMESPACE, "the outside world's stand-in")
    api.wait_available(NAMESPACE, NAME)
    address = api.get("v1", "services", NAMESPACE, NAME)["spec"]["clusterIP"]
    _write(api, pointed(corefile, address))


def remove(api: Api) -> None:
    """Put the cluster's DNS back and delete the pod's namespace."""
    corefile = _corefile(api)
    if unpointed(corefile) != corefile:
        _write(api, unpointed(corefile))
    api.delete("v1", "namespaces", "", NAMESPACE)


def _corefile(api: Api) -> str:
    try:
        found = api.get("v1", "configmaps", DNS_NAMESPACE, DNS)
        return str(found["data"][COREFILE])
    except (ApiRefused, KeyError) as error:
        raise EnvironmentCannot(
            f"this cluster has no ConfigMap {DNS_NAMESPACE}/{DNS} with a {COREFILE}, so {HOST} "
            "cannot be pointed at a stand-in",
            "use EXTERNAL=live, which needs the internet",
        ) from error


def _write(api: Api, corefile: str) -> None:
    """Change the Corefile and restart CoreDNS, which would take half a minute to notice."""
    api.merge("v1", "configmaps", DNS_NAMESPACE, DNS, {"data": {COREFILE: corefile}})
    api.restart(DNS_NAMESPACE, DNS)
    api.wait_available(DNS_NAMESPACE, DNS)
