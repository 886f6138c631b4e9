"""The controllers: Deployments become ReplicaSets become pods, Services get endpoints.

Each is a pure reconcile over the store plus one loop that runs it on change. They must not
touch processes, sockets or HTTP.
"""
