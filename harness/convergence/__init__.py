"""Proof that applied objects are live: what they imply, compared with every proxy's read-back.

It must not send traffic and must not judge it; it only says live, or what a proxy still has.
``implied`` (objects → facts) and ``compare`` (facts, read-back → gaps) are pure.
"""

from harness.convergence.facts import Fact, compare
from harness.convergence.implied import implied
from harness.convergence.live import Proof, Source, prove

__all__ = ["Fact", "Proof", "Source", "compare", "implied", "prove"]
