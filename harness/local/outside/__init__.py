"""The stand-in for the world outside the mesh, so that egress lessons need no internet.

It must not know of pods or routes: it answers whoever reaches it, by Host header.
"""

from harness.local.outside.outside import Outside

__all__ = ["Outside"]
