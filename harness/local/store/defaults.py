"""Defaults: what an API server fills in when an object leaves it out.

Pure and idempotent. Part of the store because controllers create objects in-process too, and
what they create must look like what a client would have got.
Source of every value: k8s.io/kubernetes/pkg/apis/{core,apps,discovery}/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.local.store import kinds
from harness.local.store.kinds import Resource

Spec = dict[str, Any]


def apply_defaults(
    resource: Resource, new: dict[str, Any], old: Mapping[str, Any] | None = None
) -> None:
    """Fill in the defaults of ``new`` in place; ``old`` is accepted to fit ``Store(prepare=)``."""
    del old
    if fill := _FILL.get(resource):
        fill(new)


def _namespace(obj: dict[str, Any]) -> None:
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": obj["metadata"]["name"]}
    _set(_part(obj, "spec"), finalizers=["kubernetes"])
    _set(_part(obj, "status"), phase="Active")


def _pod(obj: dict[str, Any]) -> None:
    spec = _part(obj, "spec")
    _pod_spec(spec)
    _set(spec, enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0)
    _set(_part(obj, "status"), phase="Pending", qosClass=qos_class(spec))


def _pod_spec(spec: Spec) -> None:
    _set(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _container(container)
    for volume in spec.get("volumes") or ():
        for source in ("configMap", "secret"):
            if isinstance(volume.get(source), dict):
                _set(volume[source], defaultMode=0o644)


def _container(container: Spec) -> None:
    _set(
        container,
        imagePullPolicy=_pull_policy(container.get("image", "")),
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in container.get("ports") or ():
        _set(port, protocol="TCP")
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if isinstance(reference, dict):
            _set(reference, apiVersion="v1")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(kind), dict):
            _probe(container[kind])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and isinstance(hook.get("httpGet"), dict):
            _set(hook["httpGet"], path="/", scheme="HTTP")


def _probe(probe: Spec) -> None:
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if isinstance(probe.get("httpGet"), dict):
        _set(probe["httpGet"], path="/", scheme="HTTP")
    if isinstance(probe.get("grpc"), dict):
        _set(probe["grpc"], service="")


def _pull_policy(image: str) -> str:
    name = image.partition("@")[0]
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def qos_class(spec: Mapping[str, Any]) -> str:
    """The pod's quality of service class (source: k8s.io/component-helpers pkg/qos)."""
    needs = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(need.get("limits") or need.get("requests") for need in needs):
        return "BestEffort"
    guaranteed = all(
        need.get("limits", {}).get(unit)
        and (need.get("requests") or {}).get(unit, need["limits"][unit]) == need["limits"][unit]
        for need in needs
        for unit in ("cpu", "memory")
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _template(spec: Spec) -> None:
    template = _part(spec, "template")
    _part(template, "metadata")
    _pod_spec(_part(template, "spec"))


def _deployment(obj: dict[str, Any]) -> None:
    spec = _part(obj, "spec")
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _part(spec, "strategy")
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(_part(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")
    _template(spec)


def _replica_set(obj: dict[str, Any]) -> None:
    spec = _part(obj, "spec")
    _set(spec, replicas=1)
    _template(spec)
    _set(_part(obj, "status"), replicas=0)


def _service(obj: dict[str, Any]) -> None:
    spec = _part(obj, "spec")
    _set(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or ():
        _set(port, protocol="TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port")
    if spec["type"] != "ExternalName":
        _set(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        _set(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)
    _set(_part(obj, "status"), loadBalancer={})


def _secret(obj: dict[str, Any]) -> None:
    _set(obj, type="Opaque")


def _endpoints(obj: dict[str, Any]) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            _set(port, protocol="TCP")


def _endpoint_slice(obj: dict[str, Any]) -> None:
    for port in obj.get("ports") or ():
        _set(port, name="", protocol="TCP")


def _set(target: Spec, **values: Any) -> None:
    """Set what is absent or null; an explicit false or 0 stays."""
    for field, value in values.items():
        if target.get(field) is None:
            target[field] = value


def _part(target: Spec, field: str) -> Spec:
    if target.get(field) is None:
        target[field] = {}
    part: Spec = target[field]
    return part


_FILL: Final[Mapping[Resource, Callable[[dict[str, Any]], None]]] = {
    kinds.NAMESPACES: _namespace,
    kinds.PODS: _pod,
    kinds.SERVICES: _service,
    kinds.SECRETS: _secret,
    kinds.ENDPOINTS: _endpoints,
    kinds.ENDPOINT_SLICES: _endpoint_slice,
    kinds.DEPLOYMENTS: _deployment,
    kinds.REPLICA_SETS: _replica_set,
}
