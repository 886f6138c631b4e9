"""The forum: the shop's users, fetched from a service outside the mesh."""

from forum.app import create_app
from forum.settings import Settings

__all__ = ["Settings", "create_app"]
