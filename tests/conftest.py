"""Settings of all tests.

A run is reproducible: hypothesis draws the same examples for the same code. To search further,
``HYPOTHESIS_PROFILE=search make test`` draws new ones each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, database=None)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))
