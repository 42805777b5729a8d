"""OCR beside a reader in a child process: by the caller with pictures that the child drew, or by Tesseract."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from invoice_engine import Limits, extract
from invoice_engine.errors import MachineBusy, NoTextLayer, OcrRefused, OcrUnavailable, TooLarge, UnreadableDocument
from invoice_engine.isolated import Isolated, _pictures
from invoice_engine.limits import WALL_FACTOR, Deadline
from invoice_engine.pipe import Pipe
from invoice_engine.read.ocr.port import OcrReader, OcrResult, PageImage, Pictures
from invoice_engine.read.ocr.readers import NoOcr
from tests.unit.engine import documents
from tests.unit.engine.test_ocr_pages import Reader, scanned_pdf
from tests.waiting import PATIENCE_SECONDS
from tools.stage import SAMPLES

SAMPLE = (SAMPLES / "english_gbp_classic.pdf").read_bytes()
TIME = replace(Limits(), max_seconds=3.0, seconds_per_scan=10.0)


class Failing:
    """Raises what it is told, after a look at the first picture or before it."""

    def __init__(self, error: Exception, looks: bool) -> None:
        self.error, self.looks = error, looks

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        if self.looks:
            next(iter(images))
        raise self.error


class Slow(Reader):
    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        time.sleep(1.5)
        self.patience = deadline.timeout()
        return super().read(images, limits, deadline)


@contextmanager
def isolated(ocr: OcrReader | None, grace_seconds: float = 5.0) -> Iterator[Isolated]:
    reader = Isolated(ocr=ocr, grace_seconds=grace_seconds)
    try:
        yield reader
    finally:
        reader.close()


def tiff(*greys: int) -> bytes:
    buffer = io.BytesIO()
    first, *others = (Image.new("L", (60, 80), grey) for grey in greys)
    first.save(buffer, "TIFF", save_all=True, append_images=others)
    return buffer.getvalue()


def total_of(reader: Isolated, content: bytes = SAMPLE) -> str:
    return str(reader.extract(content, Limits())["invoice"]["total"]["value"])


# --- by the caller -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [scanned_pdf(1.0), scanned_pdf(1.0, 1.0), tiff(9, 200)], ids=["pdf", "pdf-2", "tiff"]
)
def test_the_caller_reads_the_pictures_and_the_answer_is_the_same(content: bytes) -> None:
    without, within = Reader(documents.GERMAN_INVOICE), Reader(documents.GERMAN_INVOICE)
    with isolated(within) as reader:
        assert reader.extract(content, Limits()) == extract(content, ocr=without).to_json()
    assert [(image.number, image.dpi) for image in within.images] == [
        (image.number, image.dpi) for image in without.images
    ]
    assert all(image.data.startswith(b"\x89PNG") for image in within.images)


def test_the_pages_of_a_tiff_are_opened_by_the_child() -> None:
    caller = Reader(documents.GERMAN_INVOICE)
    with isolated(caller) as reader:
        reader.extract(tiff(9, 200), Limits())
    assert [Image.open(io.BytesIO(image.data)).getpixel((5, 5)) for image in caller.images] == [9, 200]
    assert [(image.width, image.height, image.frame) for image in caller.images] == [(60, 80, 0)] * 2


def test_a_page_that_cannot_be_opened_comes_as_nothing() -> None:
    caller = Reader(documents.GERMAN_INVOICE)
    content = bytearray(tiff(9, 200))
    compression = content.rindex(b"\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00")  # the tag 259 of the second page
    content[compression + 8] = 99
    with isolated(caller) as reader:
        reader.extract(bytes(content), Limits())
    assert [bool(image.data) for image in caller.images] == [True, False]


def test_a_document_with_text_is_not_sent() -> None:
    with isolated(Failing(AssertionError("asked"), looks=False)) as reader:
        assert total_of(reader) == "2096.40"


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("error", [OcrUnavailable("busy"), OcrRefused("no"), NoTextLayer("none"), TooLarge("long")])
def test_what_the_caller_fails_with_is_the_error_and_the_child_lives_on(error: Exception, looks: bool) -> None:
    with isolated(Failing(error, looks)) as reader:
        total_of(reader)
        child = reader._child
        with pytest.raises(type(error), match=f"^{error}$"):
            reader.extract(scanned_pdf(1.0, 1.0), Limits())
        assert total_of(reader) == "2096.40"
        assert reader._child is child


def test_a_mistake_of_the_callers_reader_is_not_swallowed() -> None:
    with isolated(Failing(ZeroDivisionError(), looks=True)) as reader:
        with pytest.raises(ZeroDivisionError):
            reader.extract(scanned_pdf(1.0), Limits())
        assert total_of(reader) == "2096.40"


def test_no_ocr_leaves_the_scans_among_pages_of_text() -> None:
    with isolated(NoOcr()) as reader:
        with pytest.raises(NoTextLayer, match="switched off"):
            reader.extract(scanned_pdf(1.0), Limits())
        text = "one two three four five six seven eight nine"
        notes = reader.extract(scanned_pdf(1.0, text=text), Limits())["notes"]
    assert [note["code"] for note in notes] == ["pages_not_read"]


def test_scans_have_more_time_than_text() -> None:
    caller = Slow(documents.GERMAN_INVOICE)
    with isolated(caller, grace_seconds=0.2) as reader:
        total_of(reader)  # the child has started
        # By the clock one second, and four minutes more for the scan.
        limits = replace(Limits(), max_seconds=0.25, seconds_per_scan=PATIENCE_SECONDS / WALL_FACTOR)
        assert reader.extract(scanned_pdf(1.0), limits)["invoice"]["total"]["value"] == "1297.10"
        assert 0 < caller.patience < PATIENCE_SECONDS


# --- by Tesseract --------------------------------------------------------------------------------------------------


def test_tesseract_beside_the_child_has_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that is called three times for a page, takes its time and finds nothing."""
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\ncase "$1" in --list-langs) echo "List:"; echo eng;; *) sleep 1.2;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with isolated(None, grace_seconds=0.2) as reader:
        total_of(reader)
        # Waiting is no work: it would take 3.6 seconds by the clock.
        with pytest.raises(NoTextLayer, match="found no text"):
            reader.extract(scanned_pdf(1.0), replace(Limits(), max_seconds=3.0, seconds_per_scan=0.0))
        with pytest.raises(MachineBusy):
            reader.extract(scanned_pdf(1.0), replace(Limits(), max_wall_seconds=1.0))


def test_no_tesseract_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with isolated(None) as reader:
        with pytest.raises(NoTextLayer, match="package tesseract-ocr"):
            reader.extract(scanned_pdf(1.0), Limits())
        assert total_of(reader) == "2096.40"


# --- what the child has and may do ---------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_child_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("SOME_TOKEN", "a-secret")
    with isolated(None) as reader:
        total_of(reader)
        assert reader._child is not None
        environment = Path(f"/proc/{reader._child.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"a-secret" not in environment


@contextmanager
def pipes(longest: int = 1 << 20) -> Iterator[tuple[Pipe, Pipe]]:
    """Both ends, each of which gives up when patience is at its end."""
    one, other = os.pipe(), os.pipe()
    ends = Pipe(one[0], other[1], longest), Pipe(other[0], one[1], longest)
    for end in ends:
        end.give_up_at = time.monotonic() + PATIENCE_SECONDS
    try:
        yield ends
    finally:
        for descriptor in (*one, *other):
            os.close(descriptor)


def png(size: tuple[int, int] = (60, 80), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size).save(buffer, kind)
    return buffer.getvalue()


def pictures_of(*messages: tuple[dict[str, object], bytes], limits: Limits = TIME) -> list[PageImage]:
    with pipes() as (caller, child):
        for told, data in messages:
            child.send_json(told)
            child.send(data)
        child.send_json({})
        return list(_pictures(caller, limits))


@pytest.mark.parametrize(
    ("told", "data"),
    [
        ({"number": 0, "dpi": 200}, tiff(9)),
        ({"number": 0, "dpi": 200}, png(kind="BMP")),
        ({"number": 0, "dpi": 200}, png((10_001, 10))),
        ({"number": "first", "dpi": 200}, png()),
        ({"number": 0, "dpi": "many"}, png()),
        ({"dpi": 200}, png()),
    ],
)
def test_a_child_that_was_taken_over_has_nothing_decoded_by_the_caller(told: dict[str, object], data: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        pictures_of((told, data))


def test_a_child_that_was_taken_over_has_no_more_pages_read_than_are_allowed() -> None:
    message: tuple[dict[str, object], bytes] = ({"number": 0, "dpi": None}, png())
    limits = replace(Limits(), max_scanned_pages=2)
    assert len(pictures_of(*[message] * 5, limits=limits)) == 2


def test_a_caller_without_ocr_reads_no_pictures() -> None:
    with pipes() as (caller, _child), pytest.raises(ValueError, match="not told"):
        Isolated()._read(Pictures(1, _pictures(caller, Limits())), Limits(), Deadline(1))


# --- messages ------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300_000), st.dictionaries(st.text(), st.integers() | st.text()))
@settings(max_examples=40, deadline=None)
def test_messages_arrive_as_they_were_sent(message: bytes, content: dict[str, object]) -> None:
    with pipes() as (one, other):
        sender = threading.Thread(target=lambda: (other.send(message), other.send_json(content)))
        sender.start()
        assert one.receive() == message
        assert one.receive_json() == content
        sender.join()


def test_a_message_that_is_too_long_or_no_object_is_refused() -> None:
    with pipes(longest=10) as (one, other):
        other.send(b"x" * 11)
        with pytest.raises(ValueError, match="11 bytes"):
            one.receive()
    for text in (b"[1]", b"{", b"\xff"):
        with pipes() as (one, other):
            other.send(text)
            with pytest.raises(ValueError, match=r"JSON|Expecting|decode"):
                one.receive_json()


def test_nobody_waits_for_a_process_that_neither_writes_nor_reads() -> None:
    with pipes() as (one, _other):
        one.give_up_at = time.monotonic() + 0.1
        with pytest.raises(TimeoutError):
            one.receive()
        with pytest.raises(TimeoutError):
            one.send(b"x" * 1_000_000)


def test_an_answer_that_is_nonsense_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoice_engine.isolated._PROGRAM", "print('nonsense')")
    with isolated(None) as reader, pytest.raises(UnreadableDocument, match="crashed"):
        reader.extract(SAMPLE, Limits())


@pytest.mark.parametrize(
    "message",
    ["""b'{"seconds": 9}'""", """b'{"seconds": "many"}'""", """b'{"a":' * 100_000""", """b'{"code": []}'"""],
)
def test_a_child_that_was_taken_over_cannot_keep_its_caller(message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for more time without end, or answers what cannot be understood."""
    program = f"""
import sys
message = {message}
while True:
    sys.stdout.buffer.write(len(message).to_bytes(8, "big") + message)
"""
    monkeypatch.setattr("invoice_engine.isolated._PROGRAM", program)
    with isolated(None) as reader, pytest.raises(UnreadableDocument, match="crashed"):
        reader.extract(SAMPLE, Limits())
