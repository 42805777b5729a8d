"""Words with boxes, pages and attachments of PDFs, and the PDFs that are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_engine import EngineError, Extraction, Limits, extract
from invoice_engine.errors import EncryptedDocument, NoTextLayer, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline
from invoice_engine.read.pdf import open_pdf, read_attachments, read_pages
from invoice_engine.read.words import Page
from tests.unit.engine import documents

INVOICE = documents.pdf(documents.GERMAN_INVOICE)
LIMITS = Limits()


def pages_of(data: bytes, limits: Limits = LIMITS) -> list[Page]:
    with open_pdf(data, limits) as pdf:
        return read_pages(pdf, limits, Deadline(10))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_those_of_the_page_as_displayed(rotation: int) -> None:
    (page,) = pages_of(documents.pdf([(60, 84.2, "Top"), (500, 800, "Bottom")], rotation=rotation))
    assert (round(page.width), round(page.height)) == (595, 842)
    top, bottom = sorted(page.words, key=lambda word: word.box.top)
    assert (top.text, bottom.text) == ("Top", "Bottom")
    assert top.box.left == pytest.approx(60 / 595, abs=0.01)
    assert top.box.bottom == pytest.approx(0.1, abs=0.01)
    assert bottom.box.left == pytest.approx(500 / 595, abs=0.01)
    assert bottom.box.bottom == pytest.approx(800 / 842, abs=0.01)


def test_a_colon_ends_a_word_but_not_in_times_and_addresses_of_the_web() -> None:
    (page,) = pages_of(documents.pdf([(60, 100, "Nr.:4711 at 12:30 see https://example.org")]))
    assert [word.text for word in page.words] == ["Nr.:", "4711", "at", "12:30", "see", "https://example.org"]


def test_text_beyond_the_limit_of_a_page_is_left_unread() -> None:
    (page,) = pages_of(documents.pdf([(60, 100, "abc def")]), Limits(max_characters=5))
    assert [word.text for word in page.words] == ["abc", "d"]


def test_pages_are_numbered_from_zero() -> None:
    pages = pages_of(documents.pdf([(60, 60, "one")], [], [(60, 60, "three")]))
    assert [(page.number, len(page.words)) for page in pages] == [(0, 1), (1, 0), (2, 1)]


def test_attachments_are_read_with_their_names_and_bounded() -> None:
    data = documents.with_attachment(documents.with_attachment(INVOICE, "a.txt", b"one"), "b.txt", b"two")
    with open_pdf(data, LIMITS) as pdf:
        assert [(one.name, one.data) for one in read_attachments(pdf, LIMITS)] == [("a.txt", b"one"), ("b.txt", b"two")]
        assert len(list(read_attachments(pdf, Limits(max_attachments=1)))) == 1
        assert [one.name for one in read_attachments(pdf, Limits(max_bytes=5))] == ["a.txt"]


def test_a_password_is_asked_for() -> None:
    with pytest.raises(EncryptedDocument, match="password") as caught:
        extract(documents.encrypted(INVOICE, "secret"))
    assert caught.value.code == "encrypted_document"


def test_a_pdf_that_opens_without_its_owners_password_is_read() -> None:
    extraction = extract(documents.encrypted(INVOICE, "", "owner"))
    assert extraction.invoice.invoice_number.value == "KL-2026-17"


def test_a_scan_is_told_apart() -> None:
    with pytest.raises(NoTextLayer, match="OCR"):
        extract(documents.pdf([(300, 800, "Page 1")]))


def test_a_used_up_time_limit_is_told() -> None:
    with pytest.raises(TooLarge, match="longer than 0 seconds"):
        extract(INVOICE, Limits(max_seconds=0))


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(TooLarge, match="3 pages"):
        extract(documents.pdf([], [], []), Limits(max_pages=2))


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00" * 100, b"PK\x03\x04zip", b"%PDF-1.7\n", b"%PDF-1.4 garbage"])
def test_what_is_no_document_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        extract(data)


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00", b"MM\x00*", b"BM"])
def test_a_damaged_image_is_unreadable(start: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="image is damaged"):
        extract(start + b"\x00" * 50)


def outcome(data: bytes) -> Extraction | EngineError:
    try:
        return extract(data)
    except EngineError as error:
        return error


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n", b"<?xml version='1.0'?>", b"<Invoice>", b"BM"]))
@settings(max_examples=80, deadline=None)
def test_any_bytes_end_in_an_extraction_or_an_engine_error(data: bytes, start: bytes) -> None:
    assert isinstance(outcome(start + data), EngineError | Extraction)


@given(st.integers(0, len(INVOICE)))
@settings(max_examples=40, deadline=None)
def test_a_truncated_pdf_ends_in_an_extraction_or_an_engine_error(length: int) -> None:
    assert isinstance(outcome(INVOICE[:length]), EngineError | Extraction)


@given(st.lists(st.tuples(st.integers(0, len(INVOICE) - 1), st.integers(0, 255)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_damaged_pdf_ends_in_an_extraction_or_an_engine_error(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(INVOICE)
    for position, value in changes:
        damaged[position] = value
    assert isinstance(outcome(bytes(damaged)), EngineError | Extraction)


@given(st.lists(st.tuples(st.integers(0, len(documents.CII) - 1), st.integers(0, 255)), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_a_damaged_xml_ends_in_an_extraction_or_an_engine_error(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(documents.CII.encode())
    for position, value in changes:
        damaged[position] = value
    assert isinstance(outcome(bytes(damaged)), EngineError | Extraction)
