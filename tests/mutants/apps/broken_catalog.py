"""A catalog that answers 500 to every fiftieth listing: two in a hundred."""

from itertools import count

from catalog import app as catalog
from flask import Flask, Response, request


def create_app() -> Flask:
    app = catalog.create_app()
    numbers = count(1)

    @app.before_request
    def fail_sometimes() -> Response | None:
        failing = request.path == "/items" and next(numbers) % 50 == 0
        return Response(status=500) if failing else None

    return app
