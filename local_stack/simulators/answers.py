"""Parts of requests and answers that the contracts share, and answers that no client can use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Request, Response

_MEGABYTE = 1024**2
# More than any client has a reason to read.
_OVERSIZED_MEGABYTES = 64
_HTML = "<!doctype html><title>Service</title><h1>Please sign in</h1>"
_MAINTENANCE = "<!doctype html><title>Maintenance</title><h1>We'll be back soon</h1>"


class Refused(Exception):
    """The contract refuses a request: answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def json_body(request: Request) -> Any:
    """The JSON of a request. Raises Refused when its type or its content is another."""
    if request.mimetype != "application/json":
        raise Refused(400, "The body must be application/json.")
    return request.get_json(force=True)


def json_response(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def query_number(request: Request, name: str, default: int, least: int, most: int | None = None) -> int:
    """A whole number of the query. Raises Refused when it is none, or out of bounds."""
    given = request.args.get(name)
    if given is None:
        return default
    number = int(given) if re.fullmatch("[0-9]{1,9}", given) else -1
    if number < least or (most is not None and number > most):
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise Refused(400, f"{name} must be a whole number {bounds}.")
    return number


def page(status: int) -> Response:
    """What stands before a service shows while the service is away."""
    response = Response(_MAINTENANCE, status, mimetype="text/html")
    if 300 <= status < 400:
        response.headers["Location"] = "/maintenance"
    return response


def junk(kind: str, response: Response) -> Response:
    """An answer with status 200 that no client can use."""
    if kind == "html":
        return Response(_HTML, 200, mimetype="text/html")
    if kind == "oversized":
        return _oversized()
    content = response.get_data()
    if kind == "malformed":
        return Response(b'{"status": ' + content[1:], 200, mimetype="application/json")
    if kind == "truncated":
        cut = Response(content[: len(content) // 2], 200, mimetype="application/json")
        # What is promised and never comes: the connection ends in the middle of the body.
        cut.headers["Content-Length"] = str(len(content))
        cut.headers["Connection"] = "close"
        return cut
    return Response(b"", 200, mimetype="application/json")


def _oversized() -> Response:
    def padding() -> Iterator[bytes]:
        yield b'{"padding": "'
        for _ in range(_OVERSIZED_MEGABYTES):
            yield b"x" * _MEGABYTE
        yield b'"}'

    answer = Response(padding(), 200, mimetype="application/json")
    answer.content_length = len(b'{"padding": ""}') + _OVERSIZED_MEGABYTES * _MEGABYTE
    return answer
