"""The catalog's HTTP interface."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, NotFound

from catalog.faults import FaultRule, Faults, FaultType, InvalidFault, parse_type
from catalog.items import IMAGE_URL, InvalidItem, NewItem, Shelf, to_json
from catalog.settings import Settings

_LARGEST_BODY = 64 * 1024


def create_app(
    settings: Settings | None = None,
    faults: Faults | None = None,
    pause: Callable[[float], object] | None = None,
) -> Flask:
    """The application; without settings it is configured from the process's environment.

    ``pause`` holds a request up for so many seconds, for the fault ``latency``.
    """
    settings = settings or Settings.from_environ(os.environ)
    faults = faults or Faults()
    app = Flask("catalog", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.register_error_handler(HTTPException, _as_text)
    shelf = Shelf(IMAGE_URL if settings.show_image else None)
    app.register_blueprint(_items(shelf, faults, pause or threading.Event().wait))
    app.register_blueprint(_blowup(faults))
    app.add_url_rule("/healthz", view_func=_healthz)
    return app


def _items(shelf: Shelf, faults: Faults, pause: Callable[[float], object]) -> Blueprint:
    items = Blueprint("items", __name__)

    @items.before_request
    def suffer() -> Response | None:
        effect = faults.strike()
        if effect.delay:
            pause(effect.delay)
        if effect.end is FaultType.DROP:
            return _drop_connection()
        return Response(status=500) if effect.end else None

    @items.get("/items")
    def listing() -> Response:
        return _json(shelf.listing)

    @items.get("/items/<item_id>")
    def one(item_id: str) -> Response:
        item = shelf.find(item_id)
        if item is None:
            raise NotFound
        return _json(to_json(item.as_json_object()))

    @items.post("/items")
    def add() -> Response:
        try:
            item = shelf.add(NewItem.parse(_body()))
        except InvalidItem as invalid:
            raise BadRequest(str(invalid)) from invalid
        answer = _json(to_json(item.as_json_object()), 201)
        answer.headers["Location"] = f"/items/{item.id}"
        return answer

    return items


def _blowup(faults: Faults) -> Blueprint:
    blowup = Blueprint("blowup", __name__)

    def rules() -> Response:
        return _json(to_json([rule.as_json_object() for rule in faults.rules()]))

    blowup.add_url_rule("/blowup", "list", rules, methods=["GET"])

    @blowup.post("/blowup")
    def put() -> Response:
        try:
            faults.set(FaultRule.parse(_body()))
        except InvalidFault as invalid:
            raise BadRequest(str(invalid)) from invalid
        return rules()

    @blowup.delete("/blowup")
    def remove() -> Response:
        try:
            fault_type = parse_type(_body())
        except InvalidFault as invalid:
            raise BadRequest(str(invalid)) from invalid
        if not faults.remove(fault_type):
            raise NotFound(f"no rule of type {fault_type} is set")
        return rules()

    return blowup


def _healthz() -> Response:
    return Response("Healthy!", mimetype="text/plain")


def _body() -> object:
    """The request's JSON, whatever its Content-Type: `curl -d` does not set the right one."""
    try:
        body: object = request.get_json(force=True)
    except (BadRequest, RecursionError) as bad:
        raise BadRequest("the body is not JSON") from bad
    return body


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, mimetype="application/json")


def _as_text(error: HTTPException) -> Response:
    """Errors as plain text: the reason where we know one, else the status's name."""
    answer = Response(error.name, error.code, mimetype="text/plain")
    if error.description and error.description != type(error).description:
        answer.set_data(error.description)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            answer.headers[name] = value
    return answer


def _drop_connection() -> Response:
    """Close the client's connection without an answer.

    Only the server knows the connection. Gunicorn hands it over as ``gunicorn.socket``, and takes
    a connection that is gone by the time it writes for a client that left.
    """
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        raise InternalServerError("the fault `drop` needs gunicorn: no connection to close")
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)
