"""Host patterns: ``*.example.com`` and ``*``. Pure. Source: istio/istio pkg/config/host."""

from __future__ import annotations


def matches(pattern: str, host: str) -> bool:
    """Whether a host is named by a pattern."""
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return host != pattern[2:] and host.endswith(pattern[1:])
    return pattern == host


def intersection(
    server_host: str, rule_host: str, gateway_namespace: str, rule_namespace: str
) -> str:
    """The more specific of a gateway server's host and a VirtualService's, if both cover it.

    A server host may be ``namespace/host``: then only VirtualServices of that namespace count.
    """
    namespace, slash, host = server_host.lower().rpartition("/")
    if slash and (gateway_namespace if namespace == "." else namespace) not in (
        "*",
        rule_namespace,
    ):
        return ""
    if matches(host, rule_host):
        return rule_host
    return host if matches(rule_host, host) else ""
