"""The webapp's HTTP interface: the page at /, and the API under /api."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, NotFound

from webapp import shapes
from webapp.forwarding import forwarded_headers
from webapp.settings import Settings
from webapp.upstream import Answer, Upstream, UpstreamError, Upstreams

T = TypeVar("T")

_LARGEST_BODY = 64 * 1024
_ROWS = 4
"""Products and users that the page shows at most."""


class ServiceFailed(Exception):
    """A service could not be used. ``service`` is its name; the message is for the log."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"error calling {service} service: {reason}")
        self.service = service


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings it is configured from the process's environment."""
    upstreams = Upstreams.connect(settings or Settings.from_environ(os.environ))
    app = Flask("webapp")
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.jinja_env.tests["own_picture"] = _is_own

    @app.get("/")
    def page() -> Response:
        catalog = _view(app, "catalog", lambda: _items(upstreams.catalog))
        forum = _view(app, "forum", lambda: _users(upstreams.forum))
        version = _version(catalog.rows)
        html = render_template("index.html", catalog=catalog, forum=forum, version=version)
        answer = Response(html, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @app.get("/api/catalog")
    def listing() -> Response:
        return _json(_items(upstreams.catalog))

    @app.get("/api/catalog/items/<int:item_id>")
    def one(item_id: int) -> Response:
        answer = _get(upstreams.catalog, "Catalog", f"/items/{item_id}")
        if answer.status == 404:
            raise NotFound
        return _json(_read("Catalog", answer, shapes.one_item))

    @app.post("/api/catalog/items")
    def add() -> Response:
        try:
            new = shapes.new_item(request.get_data())
        except shapes.WrongShape:
            return _invalid_item()
        try:
            answer = upstreams.catalog.post_json(
                "/items", forwarded_headers(request.environ), shapes.compact_json(new)
            )
        except UpstreamError as error:
            raise ServiceFailed("Catalog", str(error)) from error
        if answer.status == 400:
            return _invalid_item()
        created = _read("Catalog", answer, shapes.one_item)
        response = _json(created, 201)
        response.headers["Location"] = f"/api/catalog/items/{created['id']}"
        return response

    @app.get("/api/users")
    def users() -> Response:
        return _json(_users(upstreams.forum))

    @app.get("/api/healthz")
    def healthz() -> Response:
        return _text("Healthy!", 200)

    @app.errorhandler(ServiceFailed)
    def service_failed(error: ServiceFailed) -> Response:
        app.logger.warning("%s", error)
        return _text(f"error calling {error.service} service", 500)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        answer = _text(error.name, error.code or 500)
        answer.headers.extend(
            (name, value) for name, value in error.get_headers() if name.lower() != "content-type"
        )
        return answer

    return app


def _items(catalog: Upstream) -> list[shapes.Fields]:
    return _read("Catalog", _get(catalog, "Catalog", "/items"), shapes.items)


def _users(forum: Upstream) -> list[shapes.Fields]:
    return _read("Forum", _get(forum, "Forum", "/api/users"), shapes.users)


def _get(upstream: Upstream, service: str, path: str) -> Answer:
    try:
        return upstream.get(path, forwarded_headers(request.environ))
    except UpstreamError as error:
        raise ServiceFailed(service, str(error)) from error


def _read(service: str, answer: Answer, shape: Callable[[bytes], T]) -> T:
    if answer.status >= 400:
        raise ServiceFailed(service, f"it answered {answer.status}")
    try:
        return shape(answer.body)
    except shapes.WrongShape as error:
        raise ServiceFailed(service, f"its answer has the wrong shape: {error}") from error


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows of a service: rows, or that it is not available."""

    name: str
    available: bool
    rows: list[shapes.Fields]


def _view(app: Flask, name: str, load: Callable[[], list[shapes.Fields]]) -> View:
    try:
        return View(name, True, load()[:_ROWS])
    except ServiceFailed as error:
        app.logger.warning("%s", error)
        return View(name, False, [])


def _version(items: list[shapes.Fields]) -> str:
    """Which catalog answered: only v2 knows pictures. Empty if there is nothing to tell by."""
    if not items:
        return ""
    return "v2" if any("imageUrl" in item for item in items) else "v1"


def _is_own(url: str) -> bool:
    """Whether a picture lies on this origin: no other is asked for, so the page works offline."""
    return url.startswith("/") and not url.startswith(("//", "/\\"))


def _json(value: object, status: int = 200) -> Response:
    return Response(shapes.compact_json(value), status, mimetype="application/json")


def _text(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")


def _invalid_item() -> Response:
    return _text("Invalid CatalogItem", 400)
