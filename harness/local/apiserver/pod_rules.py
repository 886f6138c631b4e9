"""Pods and pod templates: Kubernetes' rules, and what the local node can honour. Pure.

What would change an application's behaviour if it were dropped is refused; what only matters
with several nodes or a kernel boundary (resources, security contexts, affinity) is accepted.
Source of rules and words: k8s.io/kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from harness.local.apiserver import names
from harness.local.apiserver.causes import (
    duplicate,
    forbidden,
    invalid,
    not_here,
    required,
    unsupported_value,
)
from harness.local.apiserver.quantities import amount
from harness.local.store import Object
from harness.local.store.errors import Cause

UNHONOURED: Final = (
    "ephemeralContainers", "hostNetwork", "hostPID", "hostIPC", "hostAliases",
    "dnsConfig", "activeDeadlineSeconds", "resourceClaims", "schedulingGates", "readinessGates",
)  # fmt: skip
UNHONOURED_IN_CONTAINER: Final = ("lifecycle", "workingDir", "volumeDevices", "restartPolicy")
IGNORED: Final = ("nodeSelector", "affinity", "topologySpreadConstraints", "priorityClassName")
_RESTART_POLICIES: Final = ("Always", "Never", "OnFailure")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_PORT_WORDS: Final = "must be between 1 and 65535, inclusive"
_MUTABLE: Final = ("containers", "tolerations")


def pod(obj: Mapping[str, Any], old: Object | None) -> list[Cause]:
    """A pod. What a kubelet would follow once it exists, its images, the local node does not."""
    spec = obj.get("spec") or {}
    causes = pod_spec(spec, "spec", _RESTART_POLICIES)
    if old is not None and _fixed(spec) != _fixed(old["spec"]):
        causes.append(
            forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,"
                "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
                "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
                "(allow it to be set to 1 if it was previously negative)",
            )
        )
    return causes + (_images(spec, old["spec"]) if old is not None else [])


def _images(spec: Mapping[str, Any], old: Mapping[str, Any]) -> list[Cause]:
    why = (
        "the local cluster does not restart a container with another image; delete the pod and "
        "create it anew, as a Deployment does"
    )
    return [
        forbidden(f"spec.{field}[{index}].image", why)
        for field in ("initContainers", "containers")
        for index, (new, before) in enumerate(
            zip(spec.get(field) or (), old.get(field) or (), strict=False)
        )
        if new.get("image") != before.get("image")
    ]


def _fixed(spec: Mapping[str, Any]) -> Any:
    rest = {field: value for field, value in spec.items() if field not in _MUTABLE}
    containers = [
        {field: value for field, value in container.items() if field != "image"}
        for container in spec.get("containers") or ()
    ]
    return rest, containers


def ignored(spec: Mapping[str, Any], path: str) -> list[str]:
    """Warnings about fields that mean nothing on a single node without a scheduler."""
    return [
        f"{path}.{field}: has no effect on the local cluster, which has one node"
        for field in IGNORED
        if spec.get(field)
    ]


def pod_spec(spec: Mapping[str, Any], path: str, restart_policies: Sequence[str]) -> list[Cause]:
    """Faults of a pod's spec, found at ``path``."""
    causes = [not_here(f"{path}.{field}") for field in UNHONOURED if spec.get(field)]
    policy = spec.get("restartPolicy") or "Always"
    if policy not in restart_policies:
        causes.append(unsupported_value(f"{path}.restartPolicy", policy, restart_policies))
    grace = spec.get("terminationGracePeriodSeconds") or 0
    if grace < 0:
        causes.append(
            invalid(
                f"{path}.terminationGracePeriodSeconds",
                grace,
                "must be greater than or equal to 0",
            )
        )
    volumes = _volumes(spec.get("volumes") or (), f"{path}.volumes", causes)
    if not spec.get("containers"):
        causes.append(required(f"{path}.containers"))
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            where, name = f"{path}.{field}[{index}]", container.get("name") or ""
            if not name:
                causes.append(required(f"{where}.name"))
            elif not names.is_label(name):
                causes.append(Cause(f"{where}.name", names.label_words(name)))
            elif name in seen:
                causes.append(duplicate(f"{where}.name", name))
            seen.add(name)
            causes += _container(container, where, volumes)
    return causes


def _volumes(volumes: Iterable[Mapping[str, Any]], path: str, causes: list[Cause]) -> set[str]:
    found: set[str] = set()
    for index, volume in enumerate(volumes):
        where, name = f"{path}[{index}]", volume.get("name") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        elif not names.is_label(name):
            causes.append(Cause(f"{where}.name", names.label_words(name)))
        elif name in found:
            causes.append(duplicate(f"{where}.name", name))
        found.add(name)
        sources = [field for field in volume if field != "name"]
        if len(sources) != 1:
            why = "must specify a volume type" if not sources else "more than one volume type"
            causes.append(required(where, why) if not sources else forbidden(where, why))
        causes += [not_here(f"{where}.{source}") for source in sources if source != "emptyDir"]
    return found


def _container(container: Mapping[str, Any], path: str, volumes: set[str]) -> list[Cause]:
    causes = [
        not_here(f"{path}.{field}") for field in UNHONOURED_IN_CONTAINER if container.get(field)
    ]
    if not container.get("image"):
        causes.append(required(f"{path}.image"))
    elif container["image"] != container["image"].strip():
        causes.append(
            invalid(
                f"{path}.image", container["image"], "must not have leading or trailing whitespace"
            )
        )
    policy = container.get("imagePullPolicy") or "Always"
    if policy not in _PULL_POLICIES:
        causes.append(unsupported_value(f"{path}.imagePullPolicy", policy, _PULL_POLICIES))
    causes += _resources(container.get("resources") or {}, f"{path}.resources")
    causes += _ports(container.get("ports") or (), f"{path}.ports")
    for index, variable in enumerate(container.get("env") or ()):
        causes += _variable(variable, f"{path}.env[{index}]")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{path}.volumeMounts[{index}]"
        if mount.get("name") not in volumes:
            causes.append(
                Cause(
                    f"{where}.name", f'Not found: "{mount.get("name", "")}"', "FieldValueNotFound"
                )
            )
        if not mount.get("mountPath"):
            causes.append(required(f"{where}.mountPath"))
    for kind in _PROBES:
        if container.get(kind) is not None:
            causes += _probe(container[kind], f"{path}.{kind}")
    return causes


def _resources(resources: Mapping[str, Any], path: str) -> list[Cause]:
    """Nothing here enforces them; a cluster that does refuses the same."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    causes = [
        invalid(f"{path}.{kind}[{name}]", given, "must be greater than or equal to 0")
        for kind, amounts in (("limits", limits), ("requests", requests))
        for name, given in amounts.items()
        if amount(given) < 0
    ]
    return causes + [
        invalid(
            f"{path}.requests",
            given,
            f"must be less than or equal to {name} limit of {limits[name]}",
        )
        for name, given in requests.items()
        if name in limits and amount(given) > amount(limits[name])
    ]


def _ports(ports: Iterable[Mapping[str, Any]], path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"{path}[{index}]", port.get("name")
        number = port.get("containerPort") or 0
        if not number:
            causes.append(required(f"{where}.containerPort"))
        elif not 1 <= number <= 65535:
            causes.append(invalid(f"{where}.containerPort", number, _PORT_WORDS))
        if port.get("hostPort"):
            causes.append(not_here(f"{where}.hostPort"))
        if name is not None:
            if not is_port_name(name):
                causes.append(invalid(f"{where}.name", name, PORT_NAME_WORDS))
            elif name in seen:
                causes.append(duplicate(f"{where}.name", name))
            seen.add(name)
        if (port.get("protocol") or "TCP") not in _PROTOCOLS:
            causes.append(unsupported_value(f"{where}.protocol", port["protocol"], _PROTOCOLS))
    return causes


PORT_NAME_WORDS: Final = (
    "must be at most 15 lower case alphanumeric characters or '-', with at least one letter, "
    "and no '-' at either end or beside another"
)


def is_port_name(name: str) -> bool:
    """IANA service name."""
    return (
        len(name) <= 15
        and bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name))
        and any(letter.isalpha() for letter in name)
    )


def _variable(variable: Mapping[str, Any], path: str) -> list[Cause]:
    name = variable.get("name") or ""
    if not name:
        return [required(f"{path}.name")]
    if "=" in name or not name.isprintable() or not name.isascii():
        return [
            invalid(
                f"{path}.name",
                name,
                "a valid environment variable name must consist only of printable ASCII "
                'characters other than "="',
            )
        ]
    source = variable.get("valueFrom")
    if source is None:
        return []
    if variable.get("value"):
        return [invalid(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")]
    if len(source) != 1:
        return [
            invalid(f"{path}.valueFrom", "", "must specify exactly one of: `fieldRef`, "
                    "`resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")
        ]  # fmt: skip
    kind = next(iter(source))
    if kind not in ("fieldRef", "configMapKeyRef", "secretKeyRef"):
        return [not_here(f"{path}.valueFrom.{kind}")]
    return []


def _probe(probe: Mapping[str, Any], path: str) -> list[Cause]:
    handlers = [field for field in ("exec", "grpc", "httpGet", "tcpSocket") if field in probe]
    if not handlers:
        return [required(path, "must specify a handler type")]
    causes = [
        forbidden(f"{path}.{field}", "may not specify more than 1 handler type")
        for field in handlers[1:]
    ]
    if "grpc" in handlers:
        causes.append(not_here(f"{path}.grpc"))
    for field in ("httpGet", "tcpSocket"):
        port = (probe.get(field) or {}).get("port")
        if field in handlers and (port is None or port == ""):
            causes.append(required(f"{path}.{field}.port"))
        elif isinstance(port, int) and not 1 <= port <= 65535:
            causes.append(invalid(f"{path}.{field}.port", port, _PORT_WORDS))
        elif isinstance(port, str) and field in handlers and not is_port_name(port):
            causes.append(invalid(f"{path}.{field}.port", port, PORT_NAME_WORDS))
    if "exec" in handlers and not probe["exec"].get("command"):
        causes.append(required(f"{path}.exec.command"))
    for field, least in (
        ("initialDelaySeconds", 0),
        ("timeoutSeconds", 0),
        ("periodSeconds", 0),
        ("successThreshold", 0),
        ("failureThreshold", 0),
    ):
        if (probe.get(field) or 0) < least:
            causes.append(
                invalid(f"{path}.{field}", probe[field], "must be greater than or equal to 0")
            )
    if not path.endswith("readinessProbe") and (probe.get("successThreshold") or 1) != 1:
        causes.append(invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1"))
    return causes
