"""The form of recorded exchanges, which the recorder writes and the tests play back.

Arguments and bodies are JSON. What is as long as a document stands there as a reference to a sample:
``{"$bytes_of": NAME}``, or ``{"$base64_of": NAME}``.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import validate_call
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request

from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext

PROJECT = Path(__file__).resolve().parent.parent
RECORDINGS = PROJECT / "tests" / "contract" / "recordings"
DOCUMENT = "english_eur_credit_note.pdf"
START = datetime(2026, 3, 31, 12, tzinfo=UTC)

SETTINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "abbyy": {"application_id": "recorded-application", "application_token": "recorded-application-token"},
        "extract_api": {"account_token": "5ec0ded0cafe", "user_infos": '{"user_lang": "en_GB"}'},
        "ocr_job": {"api_key": "recorded-api-key", "template": "invoices"},
    }
)
"""The settings that are recorded with, besides base_url. The credentials are invented."""

_HEADERS = ("Accept", "Api-Key", "Authorization")


class ManualClock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody has to sleep for {seconds:g} s")


def client_of(provider: str, origin: str) -> Any:
    """A provider's client as its adapter builds it, with all its headers."""
    nothing: Any = None  # a client sees no documents but those in its arguments
    context = ProviderContext(
        settings={**SETTINGS[provider], "base_url": origin},
        clock=ManualClock(),
        documents=nothing,
    )
    return registry.provider_class(provider)(context)._client


def invoke(client: Any, operation: str, arguments: Mapping[str, Any]) -> Any:
    """Call a method of a client with arguments in JSON: pydantic makes of them what its annotations say."""
    return validate_call(getattr(client, operation))(**resolved(arguments))


def description_of(request: Request) -> dict[str, Any]:
    """What a recording says of a request."""
    return {
        "method": request.method,
        "path": request.environ["RAW_URI"].partition("?")[0],
        "query": request.args.to_dict(),
        "headers": {name: request.headers[name] for name in _HEADERS if name in request.headers},
        "body": _body_of(request),
    }


def content_of(body: Any) -> bytes:
    """The bytes of an answer's body as ``body_from`` describes it."""
    if "json" in body:
        return json.dumps(resolved(body["json"]), ensure_ascii=False).encode()
    content: bytes = body["text"].encode() if "text" in body else resolved(body["content"])
    return content


def body_from(content: bytes, media_type: str) -> dict[str, Any]:
    """What a recording says of a body: ``json``, ``text`` or ``content``, which is the document's."""
    if media_type == "application/json":
        return {"json": _shortened(json.loads(content))}
    shortened = _shortened(content)
    return {"text": content.decode()} if shortened is content else {"content": shortened}


def resolved(node: Any) -> Any:
    """JSON with the documents in the place of their references."""
    if isinstance(node, list):
        return [resolved(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    match dict(node):
        case {"$bytes_of": name}:
            return _document(name)
        case {"$base64_of": name}:
            return b64encode(_document(name)).decode()
    return {name: resolved(value) for name, value in node.items()}


def _shortened(node: Any) -> Any:
    """JSON with references in the place of the document, the opposite of ``resolved``."""
    if isinstance(node, list):
        return [_shortened(item) for item in node]
    if isinstance(node, dict):
        return {name: _shortened(value) for name, value in node.items()}
    if node == _document(DOCUMENT):
        return {"$bytes_of": DOCUMENT}
    return {"$base64_of": DOCUMENT} if node == b64encode(_document(DOCUMENT)).decode() else node


def _document(name: str) -> bytes:
    return (PROJECT / "samples" / "documents" / name).read_bytes()


def _body_of(request: Request) -> dict[str, Any] | None:
    if request.mimetype == "multipart/form-data":
        parts = {name: _part_of(part) for name, part in request.files.items(multi=True)}
        return {"multipart": {**request.form.to_dict(), **parts}}
    content = request.get_data()
    return body_from(content, request.mimetype) if content else None


def _part_of(part: FileStorage) -> dict[str, Any]:
    return {"filename": part.filename, "content_type": part.content_type, "content": _shortened(part.read())}
