"""Field numbers of the messages that kubectl's typed commands (``create``, ``debug``) send: data.

Source: k8s.io/apimachinery/pkg/runtime/generated.proto, pkg/apis/meta/v1/generated.proto and
k8s.io/api/{core,apps,authorization}/v1/generated.proto; which fields are pointers, and which are
inline in JSON, is in the types.go beside them. Numbers never change once released. Of a pod there
is what a pod here may have, and what ``kubectl debug node/NAME`` asks for, to be refused by name.
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
    INLINE = auto()
    """A message whose fields are, in JSON, those of the message that has it."""
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


def _ps(name: str) -> Field:
    return Field(name, Kind.STRING, optional=True)


def _ss(name: str) -> Field:
    return Field(name, Kind.STRING, repeated=True)


def _i(name: str) -> Field:
    return Field(name, Kind.INT)


def _pi(name: str) -> Field:
    return Field(name, Kind.INT, optional=True)


def _is(name: str) -> Field:
    return Field(name, Kind.INT, repeated=True)


def _b(name: str) -> Field:
    return Field(name, Kind.BOOL)


def _pb(name: str) -> Field:
    return Field(name, Kind.BOOL, optional=True)


def _m(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, message)


def _pm(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, message, optional=True)


def _in(message: str) -> Field:
    return Field("", Kind.INLINE, message)


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
    "Pod": {
        1: _m("metadata", "ObjectMeta"),
        2: _m("spec", "PodSpec"),
        3: _m("status", "PodStatus"),
    },
    "PodStatus": {},
    "PodTemplateSpec": {1: _m("metadata", "ObjectMeta"), 2: _m("spec", "PodSpec")},
    "PodSpec": {
        1: _ms("volumes", "Volume"),
        2: _ms("containers", "Container"),
        3: _s("restartPolicy"),
        4: _pi("terminationGracePeriodSeconds"),
        5: _pi("activeDeadlineSeconds"),
        6: _s("dnsPolicy"),
        7: _map("nodeSelector"),
        8: _s("serviceAccountName"),
        9: _s("serviceAccount"),
        10: _s("nodeName"),
        11: _b("hostNetwork"),
        12: _b("hostPID"),
        13: _b("hostIPC"),
        14: _pm("securityContext", "PodSecurityContext"),
        15: _ms("imagePullSecrets", "LocalObjectReference"),
        16: _s("hostname"),
        17: _s("subdomain"),
        18: _pm("affinity", "Affinity"),
        19: _s("schedulerName"),
        20: _ms("initContainers", "Container"),
        21: _pb("automountServiceAccountToken"),
        22: _ms("tolerations", "Toleration"),
        24: _s("priorityClassName"),
        25: _pi("priority"),
        27: _pb("shareProcessNamespace"),
        29: _ps("runtimeClassName"),
        30: _pb("enableServiceLinks"),
        31: _ps("preemptionPolicy"),
        32: _map("overhead", "Quantity"),
        33: _ms("topologySpreadConstraints", "TopologySpreadConstraint"),
        35: _pb("setHostnameAsFQDN"),
        36: _pm("os", "PodOS"),
        37: _pb("hostUsers"),
        40: _pm("resources", "ResourceRequirements"),
        41: _ps("hostnameOverride"),
    },
    "PodSecurityContext": {
        1: _pm("seLinuxOptions", "SELinuxOptions"),
        2: _pi("runAsUser"),
        3: _pb("runAsNonRoot"),
        4: _is("supplementalGroups"),
        5: _pi("fsGroup"),
        6: _pi("runAsGroup"),
        7: _ms("sysctls", "Sysctl"),
        8: _pm("windowsOptions", "WindowsSecurityContextOptions"),
        9: _ps("fsGroupChangePolicy"),
        10: _pm("seccompProfile", "SeccompProfile"),
        11: _pm("appArmorProfile", "AppArmorProfile"),
        12: _ps("supplementalGroupsPolicy"),
        13: _ps("seLinuxChangePolicy"),
    },
    "SecurityContext": {
        1: _pm("capabilities", "Capabilities"),
        2: _pb("privileged"),
        3: _pm("seLinuxOptions", "SELinuxOptions"),
        4: _pi("runAsUser"),
        5: _pb("runAsNonRoot"),
        6: _pb("readOnlyRootFilesystem"),
        7: _pb("allowPrivilegeEscalation"),
        8: _pi("runAsGroup"),
        9: _ps("procMount"),
        10: _pm("windowsOptions", "WindowsSecurityContextOptions"),
        11: _pm("seccompProfile", "SeccompProfile"),
        12: _pm("appArmorProfile", "AppArmorProfile"),
    },
    "Capabilities": {
        1: _ss("add"),
        2: _ss("drop"),
    },
    "SELinuxOptions": {
        1: _s("user"),
        2: _s("role"),
        3: _s("type"),
        4: _s("level"),
    },
    "SeccompProfile": {
        1: _s("type"),
        2: _ps("localhostProfile"),
    },
    "AppArmorProfile": {
        1: _s("type"),
        2: _ps("localhostProfile"),
    },
    "WindowsSecurityContextOptions": {
        1: _ps("gmsaCredentialSpecName"),
        2: _ps("gmsaCredentialSpec"),
        3: _ps("runAsUserName"),
        4: _pb("hostProcess"),
    },
    "Sysctl": {
        1: _s("name"),
        2: _s("value"),
    },
    "Toleration": {
        1: _s("key"),
        2: _s("operator"),
        3: _s("value"),
        4: _s("effect"),
        5: _pi("tolerationSeconds"),
    },
    "Affinity": {
        1: _pm("nodeAffinity", "NodeAffinity"),
        2: _pm("podAffinity", "PodAffinity"),
        3: _pm("podAntiAffinity", "PodAntiAffinity"),
    },
    "NodeAffinity": {
        1: _pm("requiredDuringSchedulingIgnoredDuringExecution", "NodeSelector"),
        2: _ms("preferredDuringSchedulingIgnoredDuringExecution", "PreferredSchedulingTerm"),
    },
    "NodeSelector": {
        1: _ms("nodeSelectorTerms", "NodeSelectorTerm"),
    },
    "NodeSelectorTerm": {
        1: _ms("matchExpressions", "NodeSelectorRequirement"),
        2: _ms("matchFields", "NodeSelectorRequirement"),
    },
    "NodeSelectorRequirement": {
        1: _s("key"),
        2: _s("operator"),
        3: _ss("values"),
    },
    "PreferredSchedulingTerm": {
        1: _i("weight"),
        2: _m("preference", "NodeSelectorTerm"),
    },
    "PodAffinity": {
        1: _ms("requiredDuringSchedulingIgnoredDuringExecution", "PodAffinityTerm"),
        2: _ms("preferredDuringSchedulingIgnoredDuringExecution", "WeightedPodAffinityTerm"),
    },
    "PodAntiAffinity": {
        1: _ms("requiredDuringSchedulingIgnoredDuringExecution", "PodAffinityTerm"),
        2: _ms("preferredDuringSchedulingIgnoredDuringExecution", "WeightedPodAffinityTerm"),
    },
    "PodAffinityTerm": {
        1: _pm("labelSelector", "LabelSelector"),
        2: _ss("namespaces"),
        3: _s("topologyKey"),
        4: _pm("namespaceSelector", "LabelSelector"),
        5: _ss("matchLabelKeys"),
        6: _ss("mismatchLabelKeys"),
    },
    "WeightedPodAffinityTerm": {
        1: _i("weight"),
        2: _m("podAffinityTerm", "PodAffinityTerm"),
    },
    "TopologySpreadConstraint": {
        1: _i("maxSkew"),
        2: _s("topologyKey"),
        3: _s("whenUnsatisfiable"),
        4: _pm("labelSelector", "LabelSelector"),
        5: _pi("minDomains"),
        6: _ps("nodeAffinityPolicy"),
        7: _ps("nodeTaintsPolicy"),
        8: _ss("matchLabelKeys"),
    },
    "PodOS": {
        1: _s("name"),
    },
    "Volume": {
        1: _s("name"),
        2: _in("VolumeSource"),
    },
    "VolumeSource": {
        1: _pm("hostPath", "HostPathVolumeSource"),
        2: _pm("emptyDir", "EmptyDirVolumeSource"),
    },
    "EmptyDirVolumeSource": {
        1: _s("medium"),
        2: _m("sizeLimit", "Quantity"),
    },
    "HostPathVolumeSource": {
        1: _s("path"),
        2: _ps("type"),
    },
    "Container": {
        1: _s("name"),
        2: _s("image"),
        3: _ss("command"),
        4: _ss("args"),
        5: _s("workingDir"),
        6: _ms("ports", "ContainerPort"),
        7: _ms("env", "EnvVar"),
        8: _m("resources", "ResourceRequirements"),
        9: _ms("volumeMounts", "VolumeMount"),
        10: _pm("livenessProbe", "Probe"),
        11: _pm("readinessProbe", "Probe"),
        13: _s("terminationMessagePath"),
        14: _s("imagePullPolicy"),
        15: _pm("securityContext", "SecurityContext"),
        16: _b("stdin"),
        17: _b("stdinOnce"),
        18: _b("tty"),
        19: _ms("envFrom", "EnvFromSource"),
        20: _s("terminationMessagePolicy"),
        22: _pm("startupProbe", "Probe"),
        23: _ms("resizePolicy", "ContainerResizePolicy"),
        24: _ps("restartPolicy"),
    },
    "ContainerPort": {
        1: _s("name"),
        2: _i("hostPort"),
        3: _i("containerPort"),
        4: _s("protocol"),
        5: _s("hostIP"),
    },
    "EnvVar": {
        1: _s("name"),
        2: _s("value"),
        3: _pm("valueFrom", "EnvVarSource"),
    },
    "EnvVarSource": {
        1: _pm("fieldRef", "ObjectFieldSelector"),
        3: _pm("configMapKeyRef", "ConfigMapKeySelector"),
        4: _pm("secretKeyRef", "SecretKeySelector"),
    },
    "ObjectFieldSelector": {
        1: _s("apiVersion"),
        2: _s("fieldPath"),
    },
    "ConfigMapKeySelector": {
        1: _in("LocalObjectReference"),
        2: _s("key"),
        3: _pb("optional"),
    },
    "SecretKeySelector": {
        1: _in("LocalObjectReference"),
        2: _s("key"),
        3: _pb("optional"),
    },
    "EnvFromSource": {
        1: _s("prefix"),
        2: _pm("configMapRef", "ConfigMapEnvSource"),
        3: _pm("secretRef", "SecretEnvSource"),
    },
    "ConfigMapEnvSource": {
        1: _in("LocalObjectReference"),
        2: _pb("optional"),
    },
    "SecretEnvSource": {
        1: _in("LocalObjectReference"),
        2: _pb("optional"),
    },
    "ResourceRequirements": {
        1: _map("limits", "Quantity"),
        2: _map("requests", "Quantity"),
        3: _ms("claims", "ResourceClaim"),
    },
    "ResourceClaim": {
        1: _s("name"),
        2: _s("request"),
    },
    "VolumeMount": {
        1: _s("name"),
        2: _b("readOnly"),
        3: _s("mountPath"),
        4: _s("subPath"),
        5: _ps("mountPropagation"),
        6: _s("subPathExpr"),
        7: _ps("recursiveReadOnly"),
    },
    "Probe": {
        1: _in("ProbeHandler"),
        2: _i("initialDelaySeconds"),
        3: _i("timeoutSeconds"),
        4: _i("periodSeconds"),
        5: _i("successThreshold"),
        6: _i("failureThreshold"),
        7: _pi("terminationGracePeriodSeconds"),
    },
    "ProbeHandler": {
        1: _pm("exec", "ExecAction"),
        2: _pm("httpGet", "HTTPGetAction"),
        3: _pm("tcpSocket", "TCPSocketAction"),
    },
    "ExecAction": {
        1: _ss("command"),
    },
    "HTTPGetAction": {
        1: _s("path"),
        2: _m("port", "IntOrString"),
        3: _s("host"),
        4: _s("scheme"),
        5: _ms("httpHeaders", "HTTPHeader"),
    },
    "HTTPHeader": {
        1: _s("name"),
        2: _s("value"),
    },
    "TCPSocketAction": {
        1: _m("port", "IntOrString"),
        2: _s("host"),
    },
    "ContainerResizePolicy": {
        1: _s("resourceName"),
        2: _s("restartPolicy"),
    },
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
