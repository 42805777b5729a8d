"""XML of unknown origin is refused before it can do harm."""

import pytest

from invoice_engine import EngineError, Limits, extract
from invoice_engine.errors import TooLarge, UnreadableDocument, UnsupportedDocument
from tests.unit.engine import documents
from tests.unit.engine.national_einvoices import FACTURAE, FATTURAPA

BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><Invoice>&i;</Invoice>"
)
EXTERNAL_ENTITY = (
    '<!DOCTYPE Invoice [<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&file;</Invoice>'
)
EXTERNAL_DTD = '<!DOCTYPE Invoice SYSTEM "http://192.0.2.1/invoice.dtd"><Invoice/>'
PUBLIC_DTD = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://192.0.2.1/x.dtd"><html/>'


def test_an_entity_bomb_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        extract(BILLION_LAUGHS.encode())


@pytest.mark.parametrize("text", [EXTERNAL_ENTITY, EXTERNAL_DTD, PUBLIC_DTD])
def test_any_document_type_declaration_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument, match="document type declaration"):
        extract(text.encode())


@pytest.mark.parametrize(("document", "root"), [(FATTURAPA, "p:FatturaElettronica"), (FACTURAE, "fe:Facturae")])
def test_national_invoices_have_the_same_limits(document: str, root: str) -> None:
    head, declaration, rest = document.partition("?>\n")
    with pytest.raises(UnreadableDocument, match="document type declaration"):
        extract(f'{head}{declaration}<!DOCTYPE {root} [<!ENTITY a "ha">]>{rest}'.encode())
    with pytest.raises(TooLarge, match="10 elements"):
        extract(document.encode(), Limits(max_xml_elements=10))
    with pytest.raises(TooLarge, match="3 levels"):
        extract(document.encode(), Limits(max_xml_depth=3))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(TooLarge, match="64 levels"):
        extract(b"<a>" * 70 + b"</a>" * 70)


def test_nesting_beyond_what_the_parser_allows_is_an_engine_error_too() -> None:
    with pytest.raises(EngineError):
        extract(b"<a>" * 100_000, Limits(max_xml_depth=10**9))


def test_too_many_elements_are_refused() -> None:
    with pytest.raises(TooLarge, match="1000 elements"):
        extract(b"<a>" + b"<b/>" * 1000 + b"</a>", Limits(max_xml_elements=1000))


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLarge, match="11 bytes"):
        extract(b"<Invoice />", Limits(max_bytes=10))


def test_a_used_up_time_limit_is_told() -> None:
    with pytest.raises(TooLarge, match="longer than 0 seconds"):
        extract(documents.CII.encode(), Limits(max_seconds=0))


@pytest.mark.parametrize(
    "text", ["<Invoice>", "<a></b>", "<", "<?xml version='1.0'?>", "<a>&undefined;</a>", "<a>\x01</a>"]
)
def test_malformed_xml_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableDocument):
        extract(text.encode())


def test_an_order_is_no_invoice() -> None:
    order = documents.CII.replace("CrossIndustryInvoice", "SCRDMCCBDACIOMessageStructure")
    with pytest.raises(UnsupportedDocument, match="SCRDMCCBDACIOMessageStructure"):
        extract(order.encode())


def test_an_invoice_element_of_another_vocabulary_is_unsupported() -> None:
    with pytest.raises(UnsupportedDocument, match="'Invoice'"):
        extract(b"<Invoice xmlns='urn:example:shop'><ID>1</ID></Invoice>")
