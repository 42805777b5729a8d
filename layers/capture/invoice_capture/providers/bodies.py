"""Bodies of requests that are sent in pieces: a document of many megabytes is neither copied nor encoded as a whole."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

# A multiple of three, so that pieces of base64 are those of the whole.
_ENCODED_AT_A_TIME = 48 * 1024


@dataclass(frozen=True)
class InBase64:
    """Bytes that are a string in JSON."""

    content: bytes

    def __len__(self) -> int:
        return (len(self.content) + 2) // 3 * 4

    def __iter__(self) -> Iterator[bytes]:
        view = memoryview(self.content)
        for start in range(0, len(view), _ENCODED_AT_A_TIME):
            yield b64encode(view[start : start + _ENCODED_AT_A_TIME])


@dataclass(frozen=True)
class Body:
    """What requests sends with a Content-Length: it has a length and can be gone through."""

    content_type: str
    pieces: Sequence[bytes | InBase64]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, InBase64):
                yield from piece
            else:
                yield piece


def json_body(value: Any) -> Body:
    """JSON, in which there may be ``InBase64``."""
    documents: list[InBase64] = []
    mark = uuid4().hex

    def marked(part: Any) -> str:
        if not isinstance(part, InBase64):
            raise TypeError(f"{type(part).__name__} is nothing that JSON has")
        documents.append(part)
        return mark

    texts = json.dumps(value, default=marked, allow_nan=False).split(mark)
    pieces: list[bytes | InBase64] = [texts[0].encode()]
    for document, text in zip(documents, texts[1:], strict=True):
        pieces += [document, text.encode()]
    return Body("application/json", pieces)


def form_body(files: Mapping[str, tuple[str, bytes, str]]) -> Body:
    """A multipart form of files by field: name, content and media type of each."""
    boundary = choose_boundary()
    pieces: list[bytes | InBase64] = []
    for field, (name, content, media_type) in files.items():
        head = RequestField.from_tuples(field, (name, b"", media_type)).render_headers()
        pieces += [f"--{boundary}\r\n{head}".encode(), content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Body(f"multipart/form-data; boundary={boundary}", pieces)
