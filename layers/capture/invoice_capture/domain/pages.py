"""How many pages a document has, for an estimate of what they cost: without a library that reads documents."""

from __future__ import annotations

import re
import zlib

from invoice_capture.domain.document import DocumentKind

_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
# Objects may be packed into streams, those of the pages as well.
_PACKED = re.compile(rb"/Type\s*/ObjStm\b.{0,500}?stream\r?\n", re.DOTALL)
_MOST_UNPACKED_BYTES = 8 * 1024**2
_MOST_PAGES = 10_000


def pages_of(kind: DocumentKind, content: bytes) -> int:
    """The pages of a PDF, as far as it says so openly; one of an encrypted PDF, and of anything else."""
    if kind is not DocumentKind.PDF:
        return 1
    pages = len(_PAGE.findall(content))
    left = _MOST_UNPACKED_BYTES
    for packed in _PACKED.finditer(content):
        try:
            unpacked = zlib.decompressobj().decompress(content[packed.end() :], left)
        except zlib.error:
            continue
        pages += len(_PAGE.findall(unpacked))
        left -= len(unpacked)
        if left <= 0:
            break
    return min(max(1, pages), _MOST_PAGES)
