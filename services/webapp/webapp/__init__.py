"""The storefront: a page and an API in front of the catalog and the forum.

It keeps nothing. What it adds is the forwarding of headers, by which the mesh can route a call to
the catalog by what the shop's client sent.
"""

from webapp.app import create_app
from webapp.settings import Settings

__all__ = ["Settings", "create_app"]
