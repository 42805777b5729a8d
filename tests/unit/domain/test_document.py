"""What a document is, is decided by its bytes."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.document import (
    DocumentKind,
    DocumentPointer,
    client_key,
    client_of_key,
    inspect,
    require_acceptable_size,
)
from invoice_capture.domain.errors import DocumentTooLarge, EmptyDocument, UnsupportedFormat

UBL = '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>'
CREDIT_NOTE = (
    '<cn:CreditNote xmlns:cn="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"><cn:x/></cn:CreditNote>'
)
CII = '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'
FATTURAPA = '<p:FatturaElettronica xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"/>'
OLD_FATTURAPA = '<FatturaElettronica xmlns="http://www.fatturapa.gov.it/sdi/fatturapa/v1.1"/>'
FACTURAE = '<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml"/>'
OLD_FACTURAE = '<Facturae xmlns="http://www.facturae.es/Facturae/2009/v3.2/Facturae"/>'
ENVELOPE = (
    '<sbd:StandardBusinessDocument xmlns:sbd="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">'
    "<sbd:StandardBusinessDocumentHeader><sbd:Sender/></sbd:StandardBusinessDocumentHeader>"
    "{}</sbd:StandardBusinessDocument>"
)
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
        (b'<?xml-stylesheet type="text/xsl" href="fattura.xsl"?>' + FATTURAPA.encode(), DocumentKind.E_INVOICE),
        (OLD_FATTURAPA.encode(), DocumentKind.E_INVOICE),
        (FACTURAE.encode(), DocumentKind.E_INVOICE),
        (OLD_FACTURAE.encode(), DocumentKind.E_INVOICE),
        (ENVELOPE.format(UBL).encode(), DocumentKind.E_INVOICE),
        (ENVELOPE.format("<Attached/>" + CII).encode(), DocumentKind.E_INVOICE),
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
        b"<FatturaElettronica/>",
        b'<Facturae xmlns="urn:example:other"/>',
        ENVELOPE.format("").encode(),
        ENVELOPE.format(f"<Attached>{UBL}</Attached>").encode(),
        ENVELOPE.format('<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>').encode(),
        f"<Envelope>{UBL}</Envelope>".encode(),
        ENVELOPE.format(f"<!--{'x' * 70_000}-->{UBL}").encode(),
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


@given(st.text(min_size=1), st.none() | st.text(min_size=1), st.integers(0, 10**12), st.booleans())
def test_pointers_survive_json(key: str, version_id: str | None, size: int, is_stored: bool) -> None:
    pointer = DocumentPointer("bucket", key, version_id, size, is_stored)
    assert DocumentPointer.from_json(json.loads(json.dumps(pointer.to_json()))) == pointer


def test_a_stored_pointer_is_written_as_it_was_before_there_were_others() -> None:
    stored = {"bucket": "b", "key": "incoming/a.pdf", "version_id": "v1", "size": 5}
    assert DocumentPointer("b", "incoming/a.pdf", "v1", 5).to_json() == stored
    assert DocumentPointer.from_json(stored).is_stored


@pytest.mark.parametrize(
    ("key", "client"),
    [
        ("documents/acme/1/a.pdf", "acme"),
        ("documents/acme-evil/1/a.pdf", "acme-evil"),
        ("documents/acme/", "acme"),
        ("documents/acme", None),
        ("documents/", None),
        ("documents//1/a.pdf", None),
        ("documents", None),
        ("Documents/acme/1/a.pdf", None),
        ("/documents/acme/1/a.pdf", None),
        ("incoming/documents/acme/1/a.pdf", None),
        ("acme/1/a.pdf", None),
        ("", None),
    ],
)
def test_a_document_belongs_to_the_client_below_whose_prefix_it_lies(key: str, client: str | None) -> None:
    assert client_of_key(key) == client
    assert DocumentPointer("b", key, None, 0).owner == client


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True), st.text(max_size=255))
def test_a_clients_document_lies_below_its_own_prefix_whatever_it_is_called(client: str, name: str) -> None:
    key = client_key(client, "ID", name)
    assert client_of_key(key) == client
    folder, _, last = key.rpartition("/")
    assert folder == f"documents/{client}/ID"
    assert last not in {"", ".", ".."}
    assert last.isprintable()
    assert len(last.encode()) <= 200
    assert DocumentPointer("b", key, None, 0).name == last


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("invoice 1.pdf", "invoice 1.pdf"),
        ("Rechnung Müller & Söhne.pdf", "Rechnung Müller & Söhne.pdf"),
        ("../../other/1/a.pdf", ".._.._other_1_a.pdf"),
        ("a\\b.pdf", "a_b.pdf"),
        ("a\nb\0.pdf", "a_b_.pdf"),
        ("..", "document"),
        (".", "document"),
        ("", "document"),
        ("${filename}", "_{filename}"),
        ("\ud800.pdf", "_.pdf"),
        ("ü" * 150, "ü" * 100),
        ("a" + "ü" * 150, "a" + "ü" * 99),
    ],
)
def test_names_that_lead_elsewhere_lead_nowhere(name: str, last: str) -> None:
    assert client_key("acme", "ID", name) == f"documents/acme/ID/{last}"
