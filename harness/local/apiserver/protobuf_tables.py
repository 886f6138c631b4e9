"""Field numbers of the messages that kubectl's typed ``create`` commands send: data.

Source: k8s.io/apimachinery/pkg/runtime/generated.proto, pkg/apis/meta/v1/generated.proto and
k8s.io/api/{core,apps,authorization}/v1/generated.proto. Numbers never change once released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """How a field is carried and what it becomes in JSON."""

    INT = auto()
    BOOL = auto()
    STRING = auto()
    BYTES = auto()
    """base64 text in JSON."""
    RAW = auto()
    """Left as bytes."""
    MESSAGE = auto()
    MAP = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``message`` names the type of a message, or of a map's values."""

    name: str
    kind: Kind
    message: str = ""
    repeated: bool = False
    binary: bool = False
    optional: bool = False
    """A pointer in Go: a zero that was sent was meant. Others are always sent, and dropped."""


def _s(name: str) -> Field:
    return Field(name, Kind.STRING)


def _ss(name: str) -> Field:
    return Field(name, Kind.STRING, repeated=True)


def _i(name: str) -> Field:
    return Field(name, Kind.INT)


def _pi(name: str) -> Field:
    return Field(name, Kind.INT, optional=True)


def _b(name: str) -> Field:
    return Field(name, Kind.BOOL)


def _m(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, message)


def _ms(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, message, repeated=True)


def _map(name: str, message: str = "", *, binary: bool = False) -> Field:
    return Field(name, Kind.MAP, message, binary=binary)


MESSAGES: Final[Mapping[str, Mapping[int, Field]]] = {
    "Unknown": {
        1: _m("typeMeta", "TypeMeta"),
        2: Field("raw", Kind.RAW),
        3: _s("contentEncoding"),
        4: _s("contentType"),
    },
    "TypeMeta": {1: _s("apiVersion"), 2: _s("kind")},
    "Time": {1: _i("seconds"), 2: _i("nanos")},
    "Quantity": {1: _s("string")},
    "IntOrString": {1: _i("type"), 2: _i("intVal"), 3: _s("strVal")},
    "ObjectMeta": {
        1: _s("name"),
        2: _s("generateName"),
        3: _s("namespace"),
        4: _s("selfLink"),
        5: _s("uid"),
        6: _s("resourceVersion"),
        7: _i("generation"),
        8: _m("creationTimestamp", "Time"),
        9: _m("deletionTimestamp", "Time"),
        10: _i("deletionGracePeriodSeconds"),
        11: _map("labels"),
        12: _map("annotations"),
        13: _ms("ownerReferences", "OwnerReference"),
        14: _ss("finalizers"),
    },
    "OwnerReference": {
        1: _s("kind"),
        3: _s("name"),
        4: _s("uid"),
        5: _s("apiVersion"),
        6: _b("controller"),
        7: _b("blockOwnerDeletion"),
    },
    "LabelSelector": {
        1: _map("matchLabels"),
        2: _ms("matchExpressions", "LabelSelectorRequirement"),
    },
    "LabelSelectorRequirement": {1: _s("key"), 2: _s("operator"), 3: _ss("values")},
    "DeleteOptions": {
        1: _pi("gracePeriodSeconds"),
        2: _m("preconditions", "Preconditions"),
        4: _s("propagationPolicy"),
        5: _ss("dryRun"),
    },
    "Preconditions": {1: _s("uid"), 2: _s("resourceVersion")},
    "Namespace": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "NamespaceSpec"),
        3: _m("status", "NamespaceStatus"),
    },
    "NamespaceSpec": {1: _ss("finalizers")},
    "NamespaceStatus": {1: _s("phase")},
    "ConfigMap": {
        1: _m("metadata", "ObjectMeta"),
        2: _map("data"),
        3: _map("binaryData", binary=True),
        4: _b("immutable"),
    },
    "Secret": {
        1: _m("metadata", "ObjectMeta"),
        2: _map("data", binary=True),
        3: _s("type"),
        4: _map("stringData"),
        5: _b("immutable"),
    },
    "ServiceAccount": {
        1: _m("metadata", "ObjectMeta"),
        2: _ms("secrets", "ObjectReference"),
        3: _ms("imagePullSecrets", "LocalObjectReference"),
        4: _b("automountServiceAccountToken"),
    },
    "ObjectReference": {
        1: _s("kind"),
        2: _s("namespace"),
        3: _s("name"),
        4: _s("uid"),
        5: _s("apiVersion"),
        6: _s("resourceVersion"),
        7: _s("fieldPath"),
    },
    "LocalObjectReference": {1: _s("name")},
    "Service": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "ServiceSpec"),
        3: _m("status", "ServiceStatus"),
    },
    "ServiceSpec": {
        1: _ms("ports", "ServicePort"),
        2: _map("selector"),
        3: _s("clusterIP"),
        4: _s("type"),
        5: _ss("externalIPs"),
        7: _s("sessionAffinity"),
        8: _s("loadBalancerIP"),
        9: _ss("loadBalancerSourceRanges"),
        10: _s("externalName"),
        11: _s("externalTrafficPolicy"),
        12: _i("healthCheckNodePort"),
        13: _b("publishNotReadyAddresses"),
        17: _s("ipFamilyPolicy"),
        18: _ss("clusterIPs"),
        19: _ss("ipFamilies"),
        20: _b("allocateLoadBalancerNodePorts"),
        21: _s("loadBalancerClass"),
        22: _s("internalTrafficPolicy"),
    },
    "ServicePort": {
        1: _s("name"),
        2: _s("protocol"),
        3: _i("port"),
        4: _m("targetPort", "IntOrString"),
        5: _i("nodePort"),
        6: _s("appProtocol"),
    },
    "ServiceStatus": {1: _m("loadBalancer", "LoadBalancerStatus")},
    "LoadBalancerStatus": {},
    "Deployment": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "DeploymentSpec"),
        3: _m("status", "DeploymentStatus"),
    },
    "DeploymentSpec": {
        1: _pi("replicas"),
        2: _m("selector", "LabelSelector"),
        3: _m("template", "PodTemplateSpec"),
        4: _m("strategy", "DeploymentStrategy"),
        5: _i("minReadySeconds"),
        6: _pi("revisionHistoryLimit"),
        7: _b("paused"),
        9: _pi("progressDeadlineSeconds"),
    },
    "DeploymentStrategy": {1: _s("type"), 2: _m("rollingUpdate", "RollingUpdateDeployment")},
    "RollingUpdateDeployment": {
        1: _m("maxUnavailable", "IntOrString"),
        2: _m("maxSurge", "IntOrString"),
    },
    "DeploymentStatus": {
        1: _i("observedGeneration"),
        2: _i("replicas"),
        3: _i("updatedReplicas"),
        4: _i("availableReplicas"),
        5: _i("unavailableReplicas"),
        7: _i("readyReplicas"),
    },
    "PodTemplateSpec": {1: _m("metadata", "ObjectMeta"), 2: _m("spec", "PodSpec")},
    "PodSpec": {
        2: _ms("containers", "Container"),
        3: _s("restartPolicy"),
        4: _pi("terminationGracePeriodSeconds"),
        5: _i("activeDeadlineSeconds"),
        6: _s("dnsPolicy"),
        7: _map("nodeSelector"),
        8: _s("serviceAccountName"),
        9: _s("serviceAccount"),
        10: _s("nodeName"),
        11: _b("hostNetwork"),
        12: _b("hostPID"),
        13: _b("hostIPC"),
        14: _m("securityContext", "PodSecurityContext"),
        15: _ms("imagePullSecrets", "LocalObjectReference"),
        16: _s("hostname"),
        17: _s("subdomain"),
        19: _s("schedulerName"),
        20: _ms("initContainers", "Container"),
        21: Field("automountServiceAccountToken", Kind.BOOL, optional=True),
        24: _s("priorityClassName"),
        30: Field("enableServiceLinks", Kind.BOOL, optional=True),
    },
    "PodSecurityContext": {},
    "Container": {
        1: _s("name"),
        2: _s("image"),
        3: _ss("command"),
        4: _ss("args"),
        5: _s("workingDir"),
        6: _ms("ports", "ContainerPort"),
        7: _ms("env", "EnvVar"),
        8: _m("resources", "ResourceRequirements"),
        13: _s("terminationMessagePath"),
        14: _s("imagePullPolicy"),
        16: _b("stdin"),
        17: _b("stdinOnce"),
        18: _b("tty"),
        20: _s("terminationMessagePolicy"),
    },
    "ContainerPort": {
        1: _s("name"),
        2: _i("hostPort"),
        3: _i("containerPort"),
        4: _s("protocol"),
        5: _s("hostIP"),
    },
    "EnvVar": {1: _s("name"), 2: _s("value")},
    "ResourceRequirements": {1: _map("limits", "Quantity"), 2: _map("requests", "Quantity")},
    "SelfSubjectAccessReview": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "SelfSubjectAccessReviewSpec"),
        3: _m("status", "SubjectAccessReviewStatus"),
    },
    "SelfSubjectAccessReviewSpec": {
        1: _m("resourceAttributes", "ResourceAttributes"),
        2: _m("nonResourceAttributes", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: _s("namespace"),
        2: _s("verb"),
        3: _s("group"),
        4: _s("version"),
        5: _s("resource"),
        6: _s("subresource"),
        7: _s("name"),
    },
    "NonResourceAttributes": {1: _s("path"), 2: _s("verb")},
    "SubjectAccessReviewStatus": {
        1: _b("allowed"),
        2: _s("reason"),
        3: _s("evaluationError"),
        4: _b("denied"),
    },
    "SelfSubjectRulesReview": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "SelfSubjectRulesReviewSpec"),
        3: _m("status", "SubjectRulesReviewStatus"),
    },
    "SelfSubjectRulesReviewSpec": {1: _s("namespace")},
    "SubjectRulesReviewStatus": {3: _b("incomplete"), 4: _s("evaluationError")},
    "SelfSubjectReview": {1: _m("metadata", "ObjectMeta"), 2: _m("status", "SelfReviewStatus")},
    "SelfReviewStatus": {1: _m("userInfo", "UserInfo")},
    "UserInfo": {1: _s("username"), 2: _s("uid"), 3: _ss("groups")},
}
