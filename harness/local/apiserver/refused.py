"""Kinds that people expect and the local cluster does not serve: data.

They are advertised, so that ``kubectl apply`` of one reaches the server, which refuses with the
remedy. Those that are listed on the way to something else (``get all``, ``describe namespace``
and ``describe node`` of kubectl; Telemetry by the harness, whether it touches access logs) have
empty lists; reading the others is refused like writing them. Lists made to prune are empty, too.

Sources: istio.io/api kubernetes/customresourcedefinitions.gen.yaml of Istio 1.31, and
sigs.k8s.io/gateway-api config/crd/standard: every version that they serve.
"""

from __future__ import annotations

from typing import Final

from harness.local.store import Resource

LISTED_IN_PASSING: Final = frozenset({"resourcequotas", "limitranges", "leases", "telemetries"})

PRUNING: Final = frozenset({"kubectl apply", "kubectl diff"})
"""Commands that list kinds, among them many that nobody named, only to find what to prune.

kubectl names its command in the header Kubectl-Command
(source: k8s.io/cli-runtime/pkg/genericclioptions/command_headers.go).
"""


def lists_none(resource: Resource) -> bool:
    """Whether reading an unserved kind finds nothing, rather than being refused."""
    return "all" in resource.categories or resource.plural in LISTED_IN_PASSING


def _kind(
    group: str,
    versions: str,
    kind: str,
    plural: str,
    *short: str,
    all_: bool = False,
    namespaced: bool = True,
) -> Resource:
    """``versions``: all that a full cluster serves, newest first, separated by spaces."""
    return Resource(
        group,
        tuple(versions.split()),
        plural,
        kind.lower(),
        kind,
        namespaced=namespaced,
        short_names=short,
        categories=("all",) if all_ else (),
    )


REFUSED: Final = (
    _kind("", "v1", "ReplicationController", "replicationcontrollers", "rc", all_=True),
    _kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
    _kind("", "v1", "PersistentVolume", "persistentvolumes", "pv", namespaced=False),
    _kind("", "v1", "ResourceQuota", "resourcequotas", "quota"),
    _kind("", "v1", "LimitRange", "limitranges", "limits"),
    _kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
          "crd", "crds", namespaced=False),
    _kind("apps", "v1", "DaemonSet", "daemonsets", "ds", all_=True),
    _kind("apps", "v1", "StatefulSet", "statefulsets", "sts", all_=True),
    _kind("autoscaling", "v2 v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa",
          all_=True),
    _kind("batch", "v1", "CronJob", "cronjobs", "cj", all_=True),
    _kind("batch", "v1", "Job", "jobs", all_=True),
    _kind("coordination.k8s.io", "v1", "Lease", "leases"),
    _kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
    _kind("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    _kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    _kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
    _kind("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings",
          namespaced=False),
    _kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", "sc", namespaced=False),
    _kind("networking.k8s.io", "v1", "Ingress", "ingresses", "ing"),
    _kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _kind("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "pc", namespaced=False),
    _kind("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests",
          "csr", namespaced=False),
    _kind("networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters"),
    _kind("networking.istio.io", "v1beta1", "ProxyConfig", "proxyconfigs"),
    _kind("networking.istio.io", "v1 v1beta1 v1alpha3", "Sidecar", "sidecars"),
    _kind("networking.istio.io", "v1 v1beta1 v1alpha3", "WorkloadEntry", "workloadentries", "we"),
    _kind("networking.istio.io", "v1 v1beta1 v1alpha3", "WorkloadGroup", "workloadgroups", "wg"),
    _kind("security.istio.io", "v1 v1beta1", "AuthorizationPolicy", "authorizationpolicies", "ap"),
    _kind("security.istio.io", "v1 v1beta1", "PeerAuthentication", "peerauthentications", "pa"),
    _kind("security.istio.io", "v1 v1beta1", "RequestAuthentication", "requestauthentications",
          "ra"),
    _kind("telemetry.istio.io", "v1 v1alpha1", "Telemetry", "telemetries", "telemetry"),
    _kind("extensions.istio.io", "v1alpha1", "TrafficExtension", "trafficextensions"),
    _kind("extensions.istio.io", "v1alpha1", "WasmPlugin", "wasmplugins"),
    _kind("gateway.networking.k8s.io", "v1 v1beta1", "GatewayClass", "gatewayclasses", "gc",
          namespaced=False),
    _kind("gateway.networking.k8s.io", "v1 v1beta1", "Gateway", "gateways", "gtw"),
    _kind("gateway.networking.k8s.io", "v1 v1beta1", "HTTPRoute", "httproutes"),
    _kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes"),
)  # fmt: skip
