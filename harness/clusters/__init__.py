"""Where a run takes place: a cluster is a kubeconfig and an ingress URL behind one interface.

Bring-up, tear-down, applying manifests, exec and logs. Nothing outside this room (and
harness.istio) may ask which kind of cluster it is. It must not judge.
"""
