"""The controllers: Deployments become ReplicaSets become pods, Services get endpoints.

Each is a pure plan over the store's objects; one loop carries the plans out on change. They
must not touch processes, sockets or HTTP.
"""

from harness.local.controllers.loop import Controllers

__all__ = ["Controllers"]
