"""The embedded cluster: real Envoy, a Kubernetes-compatible API server, node agent and pilot.

Sealed: it imports nothing else of the harness and is reached only by starting its process
(``python -m harness.local``) and talking to the API server it serves. What it does not
implement it refuses aloud.
"""
