"""Snapshot and proxy in, Envoy resources out: one module per Envoy noun.

Pure: no I/O, no clock, no randomness; the same snapshot gives the same bytes.
"""

from harness.local.pilot.translate.resources import Resource, Resources
from harness.local.pilot.translate.translation import Translation

__all__ = ["Resource", "Resources", "Translation"]
