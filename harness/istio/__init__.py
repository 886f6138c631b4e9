"""Istio's own tools: which release, where it comes from, and the command lines of istioctl.

Finds, fetches and verifies; builds command lines and settings. It must not know of steps,
traffic or verdicts, nor hold on to a cluster: a kubeconfig's path is all it is told of one.
"""

from harness.istio.releases import DEFAULT_ISTIO, Istioctl, find_istioctl

__all__ = ["DEFAULT_ISTIO", "Istioctl", "find_istioctl"]
