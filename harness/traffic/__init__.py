"""Sends requests and keeps every answer. It must not know what is expected of them."""
