"""Labels answers by their bodies and counts them. It must not judge; an answer that fits no
label is counted under a label of its own, never dropped.
"""

from harness.observation.access_log import LoggedRequest, logged_requests
from harness.observation.classifiers import CLASSIFIERS, Classifier
from harness.observation.observe import classifier, merge, observe

__all__ = [
    "CLASSIFIERS",
    "Classifier",
    "LoggedRequest",
    "classifier",
    "logged_requests",
    "merge",
    "observe",
]
