"""The forum's HTTP interface."""

from __future__ import annotations

import os

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from forum.forwarding import forwarded_headers
from forum.settings import Settings
from forum.users import LocalUsers, RemoteUsers, UsersSource, UsersUnavailable


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings it is configured from the process's environment."""
    settings = settings or Settings.from_environ(os.environ)
    source: UsersSource = LocalUsers() if settings.local_users else RemoteUsers(settings)
    app = Flask("forum", static_folder=None)

    @app.get("/api/users")
    def users() -> Response:
        found = source.fetch(forwarded_headers(request.environ))
        return Response(found.body, content_type=found.content_type)

    @app.get("/api/healthz")
    def healthz() -> Response:
        return Response("Healthy!", mimetype="text/plain")

    @app.errorhandler(UsersUnavailable)
    def unavailable(error: UsersUnavailable) -> Response:
        app.logger.warning("error calling Users service: %s", error)
        return Response("error calling Users service\n", 500, mimetype="text/plain")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        answer = Response(error.name, error.code, mimetype="text/plain")
        answer.headers.extend(
            (name, value) for name, value in error.get_headers() if name.lower() != "content-type"
        )
        return answer

    return app
