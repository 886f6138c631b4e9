"""Kinds that people expect and the local cluster does not serve: data.

They are advertised, so that ``kubectl get all`` works and ``kubectl apply`` of one reaches the
server, which lists none and refuses every write with the remedy.
"""

from __future__ import annotations

from typing import Final

from harness.local.store import Resource


def _kind(group: str, version: str, kind: str, plural: str, *short: str, all_: bool) -> Resource:
    return Resource(
        group,
        (version,),
        plural,
        kind.lower(),
        kind,
        short_names=short,
        categories=("all",) if all_ else (),
    )


REFUSED: Final = (
    _kind("", "v1", "ReplicationController", "replicationcontrollers", "rc", all_=True),
    _kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", all_=False),
    _kind("apps", "v1", "DaemonSet", "daemonsets", "ds", all_=True),
    _kind("apps", "v1", "StatefulSet", "statefulsets", "sts", all_=True),
    _kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa",
          all_=True),
    _kind("batch", "v1", "CronJob", "cronjobs", "cj", all_=True),
    _kind("batch", "v1", "Job", "jobs", all_=True),
    _kind("networking.k8s.io", "v1", "Ingress", "ingresses", "ing", all_=False),
    _kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", all_=False),
    _kind("networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters", all_=False),
    _kind("networking.istio.io", "v1", "Sidecar", "sidecars", all_=False),
    _kind("networking.istio.io", "v1", "WorkloadEntry", "workloadentries", "we", all_=False),
    _kind("networking.istio.io", "v1", "WorkloadGroup", "workloadgroups", "wg", all_=False),
    _kind("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies", "ap",
          all_=False),
    _kind("security.istio.io", "v1", "PeerAuthentication", "peerauthentications", "pa",
          all_=False),
    _kind("security.istio.io", "v1", "RequestAuthentication", "requestauthentications", "ra",
          all_=False),
    _kind("telemetry.istio.io", "v1", "Telemetry", "telemetries", "telemetry", all_=False),
)  # fmt: skip
