"""The catalog: the shop's products, in memory, with or without pictures.

One code base is both versions: with SHOW_IMAGE set it is v2. It calls nobody.
"""

from catalog.app import create_app
from catalog.settings import Settings

__all__ = ["Settings", "create_app"]
