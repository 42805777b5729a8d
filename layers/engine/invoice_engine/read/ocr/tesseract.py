"""OCR by Tesseract: in even light, in the language of the document, and twice where once is not enough."""

import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from invoice_engine.errors import damaged_image
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Note
from invoice_engine.read.ocr.language import ENGLISH, guess_language
from invoice_engine.read.ocr.merging import certainty, merged
from invoice_engine.read.ocr.port import OcrResult, PageImage
from invoice_engine.read.ocr.prepared_pages import PreparedPage, prepared_pages
from invoice_engine.read.ocr.program import ONE_COLUMN, WITH_ORIENTATION, CannotRead, Running, Tesseract
from invoice_engine.read.ocr.tsv import Read, ReadPage, page_of
from invoice_engine.read.words import Page

# The first look reads one of these stripes (top and height as shares of the page): the first that shows words.
STRIPES = ((0.08, 0.12), (0.3, 0.12))
# A word of three letters or digits that was read at this confidence (of 100) makes sense.
SENSIBLE = 60.0
FEWEST_SENSIBLE = 6
SENSIBLE_SHARE = 0.4


# A page, and whether Tesseract could open it. A page it cannot open has no words.
_Outcome = tuple[Page, bool]


@dataclass(frozen=True, slots=True)
class TesseractReader:
    """Reads `workers` pages at a time; one per core when None."""

    workers: int | None = None

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        tesseract = Tesseract.find(limits, deadline)
        workers = self.workers or os.cpu_count() or 1
        with TemporaryDirectory(prefix="invoice-ocr-") as folder, ThreadPoolExecutor(workers) as pool:
            all_pages = prepared_pages(images, Path(folder), limits, deadline)
            first = next(all_pages, None)
            if first is None:
                return OcrResult([])
            try:
                guessed, reading = _start(tesseract, first, pool)
                language = tesseract.nearest(guessed)
                under_way = deque([(first, reading)])
                outcomes = []
                for page in all_pages:
                    under_way.append((page, pool.submit(_read_page, tesseract, page, language)))
                    if len(under_way) > workers:  # more than that would only fill the disk with pixels
                        outcomes.append(_end(*under_way.popleft()))
                outcomes += [_end(page, reading) for page, reading in under_way]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if not any(readable for _, readable in outcomes):
            raise damaged_image()
        return OcrResult([page for page, _ in outcomes], _notes(guessed, language, outcomes))


def _start(tesseract: Tesseract, first: PreparedPage, pool: ThreadPoolExecutor) -> tuple[str, Future[_Outcome]]:
    """The language of the document, and its first page as it is being read.

    Most documents are in English, or the language cannot be told: so the page is read as that until one knows better.
    """
    english = tesseract.nearest(ENGLISH)
    early = replace(tesseract, running=Running())
    reading = pool.submit(_read_page, early, first, english)
    guessed = _first_look(tesseract, first)
    language = tesseract.nearest(guessed)
    if language != english:
        early.running.give_up()
        wait([reading])
        reading = pool.submit(_read_page, tesseract, first, language)
    return guessed, reading


def _end(page: PreparedPage, reading: Future[_Outcome]) -> _Outcome:
    outcome = reading.result()
    page.discard()
    return outcome


def _first_look(tesseract: Tesseract, page: PreparedPage) -> str:
    """The language of the document, by a stripe of its first page read as English."""
    if not page.is_decoded or page.is_receipt or tesseract.installed <= {ENGLISH}:
        return ENGLISH
    for top, height in STRIPES:
        try:
            words = tesseract.recognise(page.stripe(top, height), ONE_COLUMN, tesseract.nearest(ENGLISH)).words
        except CannotRead:
            return ENGLISH
        if _makes_sense(words):
            return guess_language(word.text for word in words)
    return ENGLISH


def _read_page(tesseract: Tesseract, page: PreparedPage, language: str) -> _Outcome:
    picture = page.picture
    try:
        read = _read_upright(tesseract, page, language)
    except CannotRead:
        return page_of(ReadPage(picture.width, picture.height, ()), page.number, picture.dpi), False
    return page_of(read, page.number, picture.dpi), True


def _read_upright(tesseract: Tesseract, page: PreparedPage, language: str) -> ReadPage:
    first_pass = page.plan.first
    picture = page.picture_for(first_pass)
    read = tesseract.recognise(picture, first_pass.mode, language)
    sensible = _makes_sense(read.words)
    if (not sensible or _is_sideways(read.words)) and (degrees := tesseract.rotation(picture)):
        if sensible:  # at times Tesseract finds by itself that the lines run down the page
            return read.turned(degrees)
        turned = tesseract.recognise(picture, WITH_ORIENTATION, language)
        if certainty(turned.words) > certainty(read.words):
            return turned.turned(degrees)
    second = page.plan.second
    if second is None or certainty(read.words) >= page.plan.good:
        return read
    if page.is_receipt:  # so far read as English; most of it is figures and names, so that shows little
        language = tesseract.nearest(guess_language(word.text for word in read.words))
    return merged(read, tesseract.recognise(page.picture_for(second), second.mode, language))


def _makes_sense(words: Sequence[Read]) -> bool:
    long = [word for word in words if sum(map(str.isalnum, word.text)) >= 3]
    sensible = sum(word.confidence >= SENSIBLE for word in long)
    return sensible >= FEWEST_SENSIBLE and sensible >= SENSIBLE_SHARE * len(long)


def _is_sideways(words: Sequence[Read]) -> bool:
    long = [word for word in words if len(word.text) > 3]
    return 2 * sum(word.bottom - word.top > word.right - word.left for word in long) > len(long)


def _notes(guessed: str, language: str, pages: Sequence[_Outcome]) -> list[Note]:
    notes = []
    if guessed != language:
        notes.append(
            Note(
                "language_not_installed",
                f"The document was read with Tesseract's language {language}, because {guessed} is not installed. "
                f"Install the package tesseract-ocr-{guessed} for better results.",
            )
        )
    unread = [str(page.number + 1) for page, readable in pages if not readable]
    if unread:
        notes.append(Note("pages_not_read", f"OCR could not read these pages: {', '.join(unread)}."))
    return notes
