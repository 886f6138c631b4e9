"""What the harness does to a cluster through its API server, whichever cluster it is.

Every request has a time-out. Refusals become ApplyRefused or StepFailed, naming the object and
what to do. Nothing here reads or writes the user's own kubeconfig.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.clusters import manifests, mesh, workloads
from harness.clusters.connection import ApiRefused, Connection, segment
from harness.clusters.execute import Executor
from harness.clusters.resources import Discovery, Kind
from harness.errors import ApplyRefused, StepFailed
from harness.model import Action, Apply, DeleteAll, EnsureNamespace, SetOutboundPolicy
from harness.waiting import CONVERGENCE, WORKLOAD_READY, Pending, WaitTimeout, wait_until

ISTIO_API: Final = "networking.istio.io/v1alpha3"
"""Served by every Istio release so far, and what the chapter's files say."""
API_OF_PLURAL: Final = {"deployments": "apps/v1", "services": "v1", "configmaps": "v1"}
"""Kinds that ``DeleteAll`` may name besides Istio's."""
MERGE_PATCH: Final = "application/merge-patch+json"
APPLYING: Final = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}
MERGE_QUERY: Final = {"fieldManager": "kubectl-client-side-apply"}
WORKLOAD_INTERVAL: Final = 0.05
"""Seconds between two looks at a Deployment."""

Object = dict[str, Any]


class Api:
    """The API server behind a kubeconfig. May be used from several threads."""

    def __init__(self, kubeconfig: str, root: Path, patience: float = 1.0) -> None:
        """``root`` is the folder that manifests' paths are relative to.

        ``patience`` multiplies the time a workload may take to become ready.
        """
        self._root = root
        self._patience = patience
        self._connection = Connection(kubeconfig)
        self._discovery = Discovery(self._connection)
        self._executor = Executor(self._connection)

    @property
    def host(self) -> str:
        """URL of the API server."""
        return self._connection.host

    def close(self) -> None:
        """Close its connections."""
        self._executor.close()
        self._connection.close()

    # --- changing ------------------------------------------------------------------------------

    def perform(self, action: Action, namespace: str) -> tuple[Object, ...]:
        """Carry out one action of a step and return the objects it left in the cluster.

        ``namespace`` is where objects without one of their own go. Raises StepFailed.
        """
        self._executor.warm()
        match action:
            case EnsureNamespace():
                return (self.ensure_namespace(action.name, action.labels),)
            case Apply():
                return self.apply_file(action.path, namespace)
            case DeleteAll():
                self.delete_all(action.plurals, namespace)
                return ()
            case SetOutboundPolicy():
                self.set_outbound_policy(action)
                return ()

    def ensure_namespace(self, name: str, labels: Mapping[str, str]) -> Object:
        """Create the namespace, or set the labels on the one there is."""
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": dict(labels)},
        }
        try:
            created: Object = self._connection.request("POST", "/api/v1/namespaces", body)
        except ApiRefused as refused:
            if refused.code != 409:
                raise
            patch = {"metadata": {"labels": dict(labels)}}
            path = f"/api/v1/namespaces/{segment(name)}"
            patched: Object = self._connection.request("PATCH", path, patch, None, MERGE_PATCH)
            return patched
        return created

    def apply_file(self, path: str, namespace: str) -> tuple[Object, ...]:
        """Create or replace every object of a manifest file. ApplyRefused names file and object."""
        return tuple(self.apply(obj, namespace, path) for obj in manifests.read(self._root / path))

    def apply(self, obj: Mapping[str, Any], namespace: str, source: str) -> Object:
        """Create or replace one object, as ``kubectl apply`` would leave it."""
        kind = self._discovery.kind_of(obj)
        where = obj["metadata"].get("namespace", namespace) if kind.namespaced else ""
        name = obj["metadata"]["name"]
        new = manifests.annotated(obj, where)
        try:
            try:
                created: Object = self._connection.request("POST", kind.path(where), new, APPLYING)
            except ApiRefused as refused:
                if refused.cause != "AlreadyExists":
                    raise
                path = kind.path(where, name)
                body = manifests.replacing(new, self._connection.request("GET", path))
                replaced: Object = self._connection.request("PUT", path, body, APPLYING)
                return replaced
        except ApiRefused as refused:
            raise ApplyRefused(
                f"{source}: {kind.kind} {name!r} was refused: {refused.message}", refused.remedy
            ) from refused
        return created

    def delete_all(self, plurals: Sequence[str], namespace: str) -> None:
        """Delete every object of these kinds in the namespace and wait until they are gone."""
        for plural in plurals:
            kind = self._discovery.plural(API_OF_PLURAL.get(plural, ISTIO_API), plural)
            for obj in self._list(kind, namespace):
                self._delete(kind.path(namespace, obj["metadata"]["name"]))
            self._wait(
                f"deletion of all {plural} in {namespace}",
                lambda kind=kind: _none_left(self._list(kind, namespace)),  # type: ignore[misc]
                CONVERGENCE,
                "see what holds them: kubectl get -o yaml shows their finalizers",
            )

    def delete(
        self, api_version: str, plural: str, namespace: str, name: str, seconds: float = CONVERGENCE
    ) -> None:
        """Delete one object, if it is there, and wait until it is gone. StepFailed after that."""
        path = self._discovery.plural(api_version, plural).path(namespace, name)
        self._delete(path)

        def gone() -> None:
            try:
                self._connection.request("GET", path)
            except ApiRefused as refused:
                if refused.code == 404:
                    return
                raise
            raise Pending("it is still there")

        self._wait(
            f"deletion of {plural} {name}", gone, seconds,
            "see what holds it: kubectl get -o yaml shows its finalizers",
        )  # fmt: skip

    def merge(
        self, api_version: str, plural: str, namespace: str, name: str, patch: Mapping[str, Any]
    ) -> None:
        """Change fields of one object by a merge patch."""
        path = self._discovery.plural(api_version, plural).path(namespace, name)
        self._connection.request("PATCH", path, patch, MERGE_QUERY, MERGE_PATCH)

    def restart(self, namespace: str, deployment: str) -> None:
        """Replace a Deployment's pods, as ``kubectl rollout restart`` does."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        annotations = {"kubectl.kubernetes.io/restartedAt": moment}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        self.merge("apps/v1", "deployments", namespace, deployment, patch)

    def set_outbound_policy(self, action: SetOutboundPolicy) -> None:
        """Change ``outboundTrafficPolicy.mode`` of the mesh, and nothing else of it."""
        changed = mesh.with_outbound_policy(self.mesh_config(), action.mode)
        patch = {"data": {mesh.KEY: changed}}
        self.merge("v1", "configmaps", mesh.NAMESPACE, mesh.CONFIG_MAP, patch)

    # --- reading -------------------------------------------------------------------------------

    def mesh_config(self) -> str:
        """MeshConfig as YAML, as the mesh's ConfigMap holds it."""
        found = self.get("v1", "configmaps", mesh.NAMESPACE, mesh.CONFIG_MAP)
        return str((found.get("data") or {}).get(mesh.KEY, ""))

    def why_no_access_log(self) -> str:
        """Why proxies' container logs do not hold every request in a known form; or empty."""
        telemetries: list[Object] = []
        with contextlib.suppress(ApplyRefused):  # Not served: then there are none.
            telemetries = self.objects(mesh.TELEMETRY_API, "telemetries")
        return mesh.why_no_access_log(self.mesh_config(), telemetries)

    def get(self, api_version: str, plural: str, namespace: str, name: str) -> Object:
        """One object; ApiRefused (code 404) if there is none."""
        kind = self._discovery.plural(api_version, plural)
        found: Object = self._connection.request("GET", kind.path(namespace, name))
        return found

    def objects(self, api_version: str, plural: str, namespace: str = "") -> list[Object]:
        """All objects of a kind; of all namespaces if ``namespace`` is empty."""
        return self._list(self._discovery.plural(api_version, plural), namespace)

    def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """Pods with these labels that are neither finished nor being deleted, by name."""
        chosen = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        kind = self._discovery.plural("v1", "pods")
        query = {"labelSelector": chosen} if chosen else None
        found = self._connection.request("GET", kind.path(namespace), None, query)["items"]
        return [pod for pod in found if workloads.is_alive(pod)]

    def log(self, namespace: str, pod: str, container: str, first_bytes: int | None = None) -> str:
        """What a container has logged, as far as the node has kept it; or only its beginning."""
        path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/log"
        query = {"container": container}
        if first_bytes is not None:
            query["limitBytes"] = str(first_bytes)
        data = self._connection.raw("GET", path, None, query)
        return data.decode(errors="replace")

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> bytes:
        """Standard output of a command in a container. StepFailed if it fails."""
        return self._executor.run(namespace, pod, container, command)

    def server_version(self) -> str:
        """The API server's version, for example v1.37.0."""
        return str(self._connection.request("GET", "/version").get("gitVersion", ""))

    def wait_available(self, namespace: str, deployment: str) -> Object:
        """Wait until a Deployment is rolled out and available, and return it.

        StepFailed after WORKLOAD_READY seconds (times patience), with what its pods wait for.
        """

        def available() -> Object:
            found = self.get("apps/v1", "deployments", namespace, deployment)
            if why := workloads.unavailable(found):
                raise Pending(why)
            return found

        seconds = WORKLOAD_READY * self._patience
        try:
            return wait_until(
                f"deployment {namespace}/{deployment}", available, seconds, WORKLOAD_INTERVAL
            )
        except WaitTimeout as timeout:
            found = self.get("apps/v1", "deployments", namespace, deployment)
            pods = self.pods(namespace, workloads.selector(found))
            reasons = [reason for pod in pods for reason in workloads.not_ready(pod)]
            raise StepFailed(
                f"{timeout.what} is not available after {timeout.seconds:g} s: {timeout.last}"
                + "".join(f"; {reason}" for reason in reasons),
                f"kubectl -n {namespace} describe pods shows their events",
            ) from timeout

    # --- inside --------------------------------------------------------------------------------

    def _list(self, kind: Kind, namespace: str) -> list[Object]:
        items: list[Object] = self._connection.request("GET", kind.path(namespace))["items"]
        return items

    def _delete(self, path: str) -> None:
        try:
            self._connection.request("DELETE", path)
        except ApiRefused as refused:
            if refused.code != 404:
                raise

    def _wait(self, what: str, condition: Callable[[], None], seconds: float, remedy: str) -> None:
        try:
            wait_until(what, condition, seconds)
        except WaitTimeout as timeout:
            raise StepFailed(str(timeout), remedy) from timeout


def _none_left(objects: list[Object]) -> None:
    if objects:
        names = ", ".join(obj["metadata"]["name"] for obj in objects)
        raise Pending(f"still there: {names}")
