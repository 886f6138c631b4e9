"""Says why a step failed: a sentence per cause, naming the object, and the command to see it.

``gather`` reads the cluster once and ``bundle`` writes what it read, within a bound; everything
between them is pure judgement on that frozen evidence. It must not change the cluster, and must
not change a verdict: it only explains one.
"""

from harness.diagnosis.evidence import Evidence, Finding
from harness.diagnosis.gather import Source, gather
from harness.diagnosis.investigate import Investigator
from harness.diagnosis.judge import explain_check, explain_failure

__all__ = [
    "Evidence",
    "Finding",
    "Investigator",
    "Source",
    "explain_check",
    "explain_failure",
    "gather",
]
