"""A document in one request: multipart/form-data, as browsers, ``curl -F`` and HTTP libraries send it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import decode_rfc2231
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartParser,
    MultipartPart,
    parse_options_header,
)

from invoice_capture.api.requests import body_of, header_of, parse_object
from invoice_capture.domain.api_errors import InvalidRequest, TooLarge

# Quotas of AWS: what Lambda takes in one call, and what API Gateway takes of a request line with its headers.
_LAMBDA_CALL_BYTES = 6 * 1024**2
_HEAD_BYTES = 10_240
# The event has every header twice, and JSON may need six letters for one.
_EVENT_BYTES = 2 * 6 * _HEAD_BYTES
MOST_FORM_BYTES = (_LAMBDA_CALL_BYTES - _EVENT_BYTES) // 4 * 3
"""The largest form that comes through: the event carries it in base64, which makes four letters of three bytes."""
FORM_TOO_LARGE = (
    f"A request may carry {MOST_FORM_BYTES * 10 // 1024**2 / 10} MB. For a larger document ask POST /uploads for a "
    "form that takes it, and then order a job for its documentUrl."
)
"""What to say of a larger one; the template says the same of what does not even come as far as here."""

FORM = "multipart/form-data"
FILE = "file"
METADATA = "metadata"
_MOST_PARTS = 32
_EXTENDED_NAME = re.compile(r';\s*filename\*\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_HOW_TO = f"Send {FORM} with the document as its field {FILE}, for example with curl -F {FILE}=@invoice.pdf."


@dataclass(frozen=True)
class DocumentForm:
    """A document, the name that its sender gave it, and the texts of the other fields that were filled in."""

    name: str
    content: bytes
    fields: Mapping[str, str]

    def to_json(self) -> str:
        """The fields as the model of the form has them: of the document its name, metadata as the JSON they are."""
        shown: dict[str, object] = {**self.fields, FILE: self.name}
        if METADATA in self.fields:
            shown[METADATA] = parse_object(self.fields[METADATA], METADATA)
        return json.dumps(shown)


def form_of(event: Mapping[str, Any]) -> DocumentForm:
    """The form of a request. An empty field counts as left out, because a browser sends those as well.

    Raises:
        InvalidRequest: it is no such form, is not whole, or has not exactly one document.
        TooLarge
    """
    body = body_of(event, MOST_FORM_BYTES)
    if body is None:
        raise TooLarge(FORM_TOO_LARGE, FILE)
    return parse_form(header_of(event, "content-type"), body)


def parse_form(content_type: str, body: bytes) -> DocumentForm:
    """The form in a body. Raises InvalidRequest."""
    kind, options = parse_options_header(content_type)
    if kind != FORM:
        raise InvalidRequest(f"This request is no form. {_HOW_TO}", FILE)
    files: list[MultipartPart] = []
    fields: dict[str, str] = {}
    for part in _parts(options.get("boundary", ""), body):
        if part.name == FILE:
            files.append(part)
        elif part.filename is not None:
            name = part.name[:50]
            raise InvalidRequest(f"The form has a file in its field {name!r}; the document belongs in {FILE}.", name)
        elif part.name in fields:
            raise InvalidRequest(f"The form has the field {part.name[:50]!r} more than once.", part.name[:50])
        else:
            fields[part.name] = _text(part)
    document = _only(files)
    filled_in = {name: text for name, text in fields.items() if text}
    return DocumentForm(_file_name(document), document.raw, filled_in)


def _parts(boundary: str, body: bytes) -> list[MultipartPart]:
    try:
        return list(
            MultipartParser(
                BytesIO(body),
                boundary,
                part_limit=_MOST_PARTS,
                spool_limit=MOST_FORM_BYTES,
                memory_limit=MOST_FORM_BYTES,
            )
        )
    except (MultipartError, LookupError, UnicodeError) as exc:
        raise InvalidRequest(f"The form cannot be read, or is not whole: {exc}. {_HOW_TO}", FILE) from exc


def _only(files: list[MultipartPart]) -> MultipartPart:
    if len(files) > 1:
        raise InvalidRequest(
            f"The form has {len(files)} documents, and a job is for one. Send a request for each.", FILE
        )
    if not files or (not files[0].size and not _file_name(files[0])):
        raise InvalidRequest(f"The form has no document. {_HOW_TO}", FILE)
    if not _file_name(files[0]):
        raise InvalidRequest(f"The field {FILE} is a text, or a file without a name. {_HOW_TO}", FILE)
    return files[0]


def _text(part: MultipartPart) -> str:
    try:
        return str(part.raw, "utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidRequest(f"The field {part.name[:50]!r} is not text in UTF-8.", part.name[:50]) from exc


def _file_name(part: MultipartPart) -> str:
    """What its sender calls a file, without folders; ``filename*`` (RFC 5987) goes before ``filename``."""
    found = _EXTENDED_NAME.search(part.disposition)
    name = (_extended(found[1]) if found else "") or part.filename or ""
    return re.split(r"[/\\]", name)[-1].strip()


def _extended(value: str) -> str:
    charset, _language, text = decode_rfc2231(value)
    try:
        return unquote(text, charset or "utf-8", "strict")
    except (LookupError, ValueError):
        return ""
