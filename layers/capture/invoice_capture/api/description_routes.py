"""What describes the API and is open to everybody: its OpenAPI document, and a page with the files that it loads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from invoice_capture.api import docs_page, openapi
from invoice_capture.api.envelopes import JSON
from invoice_capture.api.requests import base_url_of
from invoice_capture.api.services import Resolver

_ROOT, _OPENAPI, _DOCS = "/", "/openapi.json", "/docs"
_READING = ["GET", "HEAD"]
# A copy is asked about before it is used, which costs an answer without a body.
_CHECKED = "no-cache"
_KEPT_FOR_A_YEAR = "public, max-age=31536000, immutable"


def is_open(path: str) -> bool:
    """Whether a path is answered without a key."""
    return path in (_ROOT, _OPENAPI, _DOCS) or path.startswith(f"{_DOCS}/")


def register(app: Resolver) -> None:
    """Route the document, the page and its files, each for GET and HEAD."""

    @cache
    def document() -> dict[str, Any]:
        return openapi.document(app)

    @app.route(_ROOT, _READING, include_in_schema=False)
    def get_root() -> Response[str]:
        # The context has the path as it was sent: nothing but the stage, where the client has to name it.
        stage = str((app.current_event.raw_event.get("requestContext") or {}).get("path") or "").strip("/")
        return Response(302, None, "", headers={"Location": f"/{stage}{_DOCS}" if stage else _DOCS})

    @app.route(_OPENAPI, _READING, include_in_schema=False)
    def get_openapi() -> Response[str]:
        servers = [{"url": base_url_of(app.current_event.raw_event)}]
        return _answer(app, JSON, json.dumps({**document(), "servers": servers}, ensure_ascii=False))

    @app.route(_DOCS, _READING, include_in_schema=False)
    def get_docs() -> Response[str]:
        if app.current_event.path.endswith("/"):
            # The links of the page are relative, so that they hold below a stage, and would lead elsewhere from here.
            return Response(302, None, "", headers={"Location": "../docs"})
        return _answer(app, docs_page.HTML, docs_page.markup(), headers=docs_page.HEADERS)

    for name in docs_page.FILES:
        _register_file(app, name)


def _register_file(app: Resolver, name: str) -> None:
    @app.route(f"{_DOCS}/{name}", _READING, include_in_schema=False)
    def get_file() -> Response[str]:
        file = docs_page.page_file(name)
        # Another version than the page wants, as while a new one is deployed, is not kept under the address of that.
        is_wanted = (app.current_event.query_string_parameters or {}).get("v") == file.version
        return _answer(app, file.content_type, file.text, _KEPT_FOR_A_YEAR if is_wanted else _CHECKED)


def _answer(
    app: Resolver, content_type: str, text: str, keeping: str = _CHECKED, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """The text as GET and HEAD have it, or 304 for a client that has it already."""
    # Weak, for API Gateway may compress the bytes on their way.
    tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    about = {"ETag": tag, "Cache-Control": keeping, "X-Content-Type-Options": "nosniff", **(headers or {})}
    known = str(app.current_event.headers.get("If-None-Match") or "")
    if tag in (each.strip() for each in known.split(",")):
        return Response(304, None, "", headers=about)
    return Response(200, content_type, "" if app.current_event.http_method == "HEAD" else text, headers=about)
