"""The only conductor: carries out steps and collects what came of them.

apply → wait for workloads → prove it live → send one sample per check → judge it once. It knows
every other room; none of them knows it. It must not know which kind of cluster it runs on.
"""

from harness.run.conductor import Conductor

__all__ = ["Conductor"]
