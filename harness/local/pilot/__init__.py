"""The pilot: Istio and Kubernetes objects in, Envoy configuration out, acknowledged per proxy.

ingest (typed, validated) → snapshot (frozen) → translate (pure) → ADS. It must not write
routing decisions anywhere but into xDS, and it must not start proxies.
"""

from harness.local.pilot.admission import admit_mesh_config
from harness.local.pilot.pilot import Pilot

__all__ = ["Pilot", "admit_mesh_config"]
