"""Characters: taken from a PDF page at once or one by one, and squeezed or folded at once or one by one."""

from ctypes import c_double

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from invoice_engine.lexicon import fold, match_key, match_key_of_character
from invoice_engine.limits import Limits
from invoice_engine.read import pdf


def _page_with(lines: list[str], rotation: int = 0) -> bytes:
    canvas = Canvas("unused.pdf", pageCompression=0)
    canvas.setPageRotation(rotation)
    for number, line in enumerate(lines):
        canvas.drawString(60, 700 - 30 * number, line)
    return bytes(canvas.getpdfdata())


@pytest.mark.parametrize("rotation", [0, 90])
def test_characters_taken_at_once_are_those_taken_one_by_one(rotation: int) -> None:
    data = _page_with(["Brückenbau Mühlhaus KG", "Total: 1,234.50 €", "a-\tb  (c) ½"], rotation)
    with pdfium.PdfDocument(data) as document:
        text_page = document[0].get_textpage()
        taken = [(character, tuple(at)) for character, at in pdf._characters(text_page, Limits()) if at is not None]
        single = []
        for index in range(text_page.count_chars()):
            character = chr(pdfium_c.FPDFText_GetUnicode(text_page.raw, index))
            left, right, bottom, top = (c_double() for _ in range(4))
            pdfium_c.FPDFText_GetCharBox(text_page.raw, index, left, right, bottom, top)
            if character.isprintable() and not character.isspace():
                single.append((character, (left.value, bottom.value, right.value, top.value)))
    assert taken == single
    assert len(taken) > 30


def test_no_more_characters_than_allowed_are_taken() -> None:
    with pdfium.PdfDocument(_page_with(["one two three"])) as document:
        text = pdf._text(document[0].get_textpage(), Limits(max_characters=5))
    assert text == "one t"


def test_a_place_that_is_no_number_is_on_the_page() -> None:
    assert [pdf._clamp(fraction) for fraction in (float("nan"), -1.0, 0.25, 2.0)] == [0.0, 0.0, 0.25, 1.0]


@given(st.text())
def test_squeezing_a_text_is_squeezing_its_characters(text: str) -> None:
    assert match_key(text) == "".join(map(match_key_of_character, text))


@given(st.text())
def test_folding_keeps_places(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_folded_letters_have_neither_case_nor_accent() -> None:
    assert fold("Zahlbar in 14 Tagen, ŁÓDŹ") == "zahlbar in 14 tagen, lodz"
