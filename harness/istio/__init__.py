"""Istio's own tools: which release, where it comes from, and the command lines of istioctl.

Finds, fetches and verifies; builds command lines and settings. It must not know of steps,
traffic or verdicts, nor hold on to a cluster: a kubeconfig's path is all it is told of one.

Importing this package imports nothing: a local cluster only wants the default's number.
"""
