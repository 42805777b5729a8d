"""When pages are sent to Textract, and sent again."""

# ruff: noqa: F811 - a fixture that comes from a neighbour is an argument here

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from invoice_engine import Limits
from invoice_engine.errors import OcrRefused, OcrUnavailable
from invoice_engine.limits import Deadline
from invoice_engine.read.ocr.port import PageImage
from invoice_engine.read.ocr.textract import TextractReader
from tests.unit.engine.test_textract import Slots, Textract, blocks, client_of, picture, read, textract  # noqa: F401
from tests.waiting import PATIENCE_SECONDS, wait_until


def test_the_slots_of_all_pages_are_taken_before_the_first_is_sent(textract: Callable[..., Textract]) -> None:
    server, slots = textract({200: blocks([(60, 9, "read")])}), Slots()
    read(server, *(picture(number=number) for number in range(3)), slots=slots)
    assert slots.asked == [("take", 3), "before_page", "before_page", "before_page"]


def test_a_document_without_slots_in_time_is_not_paid_for_in_part(textract: Callable[..., Textract]) -> None:
    server = textract({200: blocks([(60, 9, "read")])})
    with pytest.raises(OcrUnavailable, match="slot"):
        read(server, picture(), picture(number=1), slots=Slots(pages=1))
    assert server.requests == []


def test_only_the_page_that_was_refused_is_sent_again(textract: Callable[..., Textract]) -> None:
    words = blocks([(60, 9, "read")])
    server = textract({200: words, 100: ["ThrottlingException", "InternalServerError 500", words]})
    slots = Slots(repeats=2)
    result = read(server, picture(), picture(100, number=1), picture(number=2), slots=slots)
    assert [len(page.words) for page in result.pages] == [1, 1, 1]
    assert len(server.requests) == 5
    assert [ask for ask in slots.asked if ask[0] == "again"] == [("again", 1, True), ("again", 2, False)]


def test_a_page_that_waits_is_not_sent_after_its_document_was_given_up(textract: Callable[..., Textract]) -> None:
    server, waits, ended = textract({200: "ThrottlingException"}), Event(), Event()

    class Waiting(Slots):
        def again(self, failures: int, throttled: bool) -> bool:
            waits.set()
            return ended.wait(PATIENCE_SECONDS)

    def draw() -> Iterator[PageImage]:
        yield picture()
        assert waits.wait(PATIENCE_SECONDS)
        raise OcrRefused("Something else ended the document.")

    with pytest.raises(OcrRefused):
        TextractReader(client_of(server), 1, Waiting()).read(draw(), Limits(), Deadline(20))
    assert len(server.requests) == 1
    ended.set()
    wait_until(lambda: not [one for one in threading.enumerate() if one.name.startswith("textract")])
    assert len(server.requests) == 1
