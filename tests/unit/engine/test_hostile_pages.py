"""Pages as full as the limits allow, made so that each step has the most to do: none may take time by the square."""

import pytest

from invoice_engine.fields.context import Context
from invoice_engine.fields.receipts.names import is_address, name_in
from invoice_engine.fields.receipts.phrases import word_hits
from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell
from invoice_engine.limits import Deadline
from invoice_engine.model import Box
from invoice_engine.printed_invoice import read_printed
from invoice_engine.read.words import Page, Word
from tests.waiting import PATIENCE_SECONDS, ProcessorTime

# Of the processor. A tenth of it is enough on a slow machine; without bounds each of these takes a quarter of a minute
# and more.
SECONDS = 8.0

PARTIES = [f"Supplier: Acme{number} Ltd" for number in range(2_500)]
TOTALS = [
    line
    for number in range(1, 1_200)
    for line in (f"Subtotal {number * 100}.00", f"Total {number * 119}.00", f"{number / 10}%")
]


def page(lines: list[str]) -> Page:
    """Every line over the whole width, its words set with ordinary spaces."""
    words = []
    step = 1 / (len(lines) + 1)
    for number, line in enumerate(lines):
        position = 0
        for text in line.split():
            left, right = position / len(line), (position + len(text)) / len(line)
            words.append(Word(text, Box(left, number * step, right, (number + 0.8) * step)))
            position += len(text) + 1
    return Page(0, 595.0, 842.0, tuple(words), by_ocr=True)


@pytest.mark.parametrize("lines", [PARTIES, TOTALS], ids=["parties", "totals"])
def test_a_full_page_is_read_in_time(lines: list[str]) -> None:
    work = ProcessorTime()
    read_printed(Context(Document.of([page(lines)]), Deadline(PATIENCE_SECONDS)))
    assert work.seconds < SECONDS


@pytest.mark.parametrize("text", ["(" * 60_000, "(1" * 30_000, "(" + "1" * 60_000, "a" * 60_000])
def test_a_word_without_end_in_a_receipt_is_read_in_time(text: str) -> None:
    work = ProcessorTime()
    cell = Cell((Word(text, Box(0.1, 0.1, 0.9, 0.2)),), 0, 0)
    assert name_in(cell) is None
    assert not word_hits(text, "heading")
    is_address(text)
    assert work.seconds < SECONDS
