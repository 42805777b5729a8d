"""What a document is, is decided by its bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.document import DocumentKind, DocumentPointer, inspect, require_acceptable_size
from invoice_capture.domain.errors import DocumentTooLarge, EmptyDocument, UnsupportedFormat

UBL = '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>'
CREDIT_NOTE = (
    '<cn:CreditNote xmlns:cn="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"><cn:x/></cn:CreditNote>'
)
CII = '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'
ZUGFERD_1 = '<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n...", DocumentKind.PDF),
        (b"\xef\xbb\xbf\r\n%PDF-1.7", DocumentKind.PDF),
        (b"\x89PNG\r\n\x1a\n\0\0", DocumentKind.PNG),
        (b"\xff\xd8\xff\xe0....JFIF", DocumentKind.JPEG),
        (b"II*\x00....", DocumentKind.TIFF),
        (b"MM\x00*....", DocumentKind.TIFF),
        (b"BM" + bytes(12) + b"\x28\0\0\0", DocumentKind.BMP),
        (UBL.encode(), DocumentKind.E_INVOICE),
        (b'<?xml version="1.0"?>\n<!-- hello -->' + CREDIT_NOTE.encode(), DocumentKind.E_INVOICE),
        (b"\xef\xbb\xbf" + CII.encode(), DocumentKind.E_INVOICE),
        (ZUGFERD_1.encode("utf-16"), DocumentKind.E_INVOICE),
    ],
)
def test_kinds_that_are_taken(content: bytes, kind: DocumentKind) -> None:
    assert inspect("x", content) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 a spreadsheet",
        b"hello",
        b"BMW sends an invoice as text",
        b"<html><body/></html>",
        b"<Invoice/>",
        b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>',
        b'<!DOCTYPE Invoice [<!ENTITY a "b">]>' + UBL.encode(),
        b'<?xml version="1.0" encoding="no-such-encoding"?>' + UBL.encode(),
        b" " * 2000 + b"%PDF-1.4",
    ],
)
def test_kinds_that_are_refused_with_the_name_of_the_file(content: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=r"invoice\.pdf"):
        inspect("invoice.pdf", content)


@given(st.binary(max_size=400))
def test_any_bytes_have_a_kind_or_a_refusal(content: bytes) -> None:
    with suppress(EmptyDocument, UnsupportedFormat):
        assert inspect("x", content) in DocumentKind


def test_sizes_are_refused_before_anything_is_read() -> None:
    require_acceptable_size(DocumentPointer("b", "incoming/a.pdf", None, 10), 10)
    with pytest.raises(DocumentTooLarge, match=r"a\.pdf has 0\.0 MB; the limit is"):
        require_acceptable_size(DocumentPointer("b", "incoming/a.pdf", None, 11), 10)
    with pytest.raises(EmptyDocument):
        require_acceptable_size(DocumentPointer("b", "incoming/a.pdf", None, 0), 10)


@given(st.text(min_size=1), st.none() | st.text(min_size=1), st.integers(0, 10**12))
def test_pointers_survive_json(key: str, version_id: str | None, size: int) -> None:
    pointer = DocumentPointer("bucket", key, version_id, size)
    assert DocumentPointer.from_json(pointer.to_json()) == pointer
