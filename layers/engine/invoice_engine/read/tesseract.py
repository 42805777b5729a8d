"""OCR by Tesseract as a child process: one process a page, one thread each, bounded in time and memory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from invoice_engine.errors import NoTextLayer, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Note
from invoice_engine.read.language import ENGLISH, guess_language
from invoice_engine.read.ocr import OcrResult, PageImage
from invoice_engine.read.tsv import Read, ReadPage, page_of, parse_tsv
from invoice_engine.read.words import Page

PROGRAM = "tesseract"
# With more threads a page takes longer, not shorter, and pages run side by side anyway.
ONE_THREAD = ("/usr/bin/env", "OMP_THREAD_LIMIT=1")
NOT_INSTALLED = (
    "The document is a scan or a photo, and reading those needs OCR by Tesseract, which is not installed. Install the "
    "package tesseract-ocr (and one for each language, such as tesseract-ocr-deu), or send the original PDF."
)
# Page segmentation modes.
ORIENTATION_ONLY, WITH_ORIENTATION, AUTOMATIC, ONE_COLUMN, ONE_BLOCK = "0", "1", "3", "4", "6"
# A picture this much taller than wide is a till receipt; the tallest office paper (legal) is 1.65 times as tall.
RECEIPT = 1.7
# The first look reads one of these stripes (top and height as shares of the page): the first that shows words.
STRIPES = ((0.06, 0.16), (0.3, 0.2))
# A word of three letters or digits that was read at this confidence (of 100) makes sense.
SENSIBLE = 60.0
FEWEST_SENSIBLE = 6
SENSIBLE_SHARE = 0.4


class _Failed(Exception):
    """Tesseract could not read one picture."""


@dataclass(frozen=True, slots=True)
class TesseractReader:
    """Reads `workers` pages at a time; one per core when None."""

    workers: int | None = None

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        program = shutil.which(PROGRAM)
        if program is None:
            raise NoTextLayer(NOT_INSTALLED)
        with TemporaryDirectory(prefix="invoice-ocr-") as folder:
            pictures = _pictures(images, Path(folder))
            first = next(pictures, None)
            if first is None:
                return OcrResult([])
            tesseract = _Tesseract(program, _installed(program), limits, deadline)
            guessed = _first_look(tesseract, first)
            language = tesseract.nearest(guessed)
            with ThreadPoolExecutor(self.workers or os.cpu_count() or 1) as pool:
                work = [pool.submit(_read_page, tesseract, one, language) for one in chain([first], pictures)]
                try:
                    pages = [future.result() for future in work]
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        if not any(readable for _, readable in pages):
            raise UnreadableDocument("The image is damaged and cannot be opened. Scan it again or ask for a new copy.")
        return OcrResult([page for page, _ in pages], _notes(guessed, language, pages))


@dataclass(frozen=True, slots=True)
class _Picture:
    """A page and the file Tesseract reads it from."""

    image: PageImage
    path: Path


def _pictures(images: Iterable[PageImage], folder: Path) -> Iterator[_Picture]:
    """The pages of one file share its copy on the disk."""
    data, path = b"", folder
    for image in images:
        if image.data is not data:
            data, path = image.data, folder / f"page-{image.number}"
            path.write_bytes(data)
        yield _Picture(image, path)


@lru_cache(maxsize=4)
def _installed(program: str) -> frozenset[str]:
    """The languages with trained data on this machine."""
    listed = subprocess.run(  # noqa: S603 - the program is Tesseract, and no argument comes from the document
        [program, "--list-langs"], capture_output=True, text=True, timeout=10, check=False
    )
    languages = frozenset(line.strip() for line in listed.stdout.splitlines()[1:]) - {"", "osd"}
    if not languages:
        raise NoTextLayer(
            "Tesseract is installed, but no language for it. Install the package tesseract-ocr-eng (and one for each "
            "other language, such as tesseract-ocr-deu)."
        )
    return languages


@dataclass(frozen=True, slots=True)
class _Tesseract:
    program: str
    installed: frozenset[str]
    limits: Limits
    deadline: Deadline

    def nearest(self, language: str) -> str:
        """`language` if it is installed, else English, else any."""
        if language in self.installed:
            return language
        return ENGLISH if ENGLISH in self.installed else min(self.installed)

    def recognise(self, picture: _Picture, mode: str, language: str) -> ReadPage:
        """Raises _Failed when the picture cannot be read, TooLarge when time is up."""
        return parse_tsv(self._run(picture, mode, ["-l", language], ["tsv"]))

    def rotation(self, picture: _Picture) -> int:
        """By how many degrees clockwise the page must be turned to stand upright; 0 when that cannot be told."""
        try:
            answer = self._run(picture, ORIENTATION_ONLY, [], [])
        except _Failed:
            return 0  # too few letters, or no trained data for orientation
        for line in answer.splitlines():
            name, _, value = line.partition(":")
            if name == "Rotate" and value.strip() in ("90", "180", "270"):
                return int(value)
        return 0

    def _run(self, picture: _Picture, mode: str, options: Sequence[str], output: Sequence[str]) -> str:
        self.deadline.check()
        resolution = ["--dpi", str(picture.image.dpi)] if picture.image.dpi else []
        frame = ["-c", f"tessedit_page_number={picture.image.frame}"]
        command = [*ONE_THREAD, self.program, str(picture.path), "stdout", "--psm", mode]
        process = subprocess.Popen(  # noqa: S603 - as above; the path is one of ours
            [*command, *options, *resolution, *frame, *output],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            _bound_memory(process.pid, self.limits.max_ocr_memory)
            try:
                answer, _ = process.communicate(timeout=self.deadline.remaining())
            except subprocess.TimeoutExpired:
                process.kill()
                self.deadline.check()
                raise
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise _Failed
        return answer.decode("utf-8", "replace")


def _bound_memory(pid: int, limit: int) -> None:
    """Only Linux can bound a process that runs already; doing it before it runs is not safe among threads."""
    if sys.platform == "linux":
        import resource

        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
            if hard != resource.RLIM_INFINITY:
                limit = min(limit, hard)  # this process is bounded itself and may not give more than it has
            resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
        except ProcessLookupError:
            return  # it has ended already


def _first_look(tesseract: _Tesseract, first: _Picture) -> str:
    """The language of the document, by a stripe of its first page read as English."""
    if _is_receipt(first.image) or tesseract.installed <= {ENGLISH}:
        return ENGLISH
    image = first.image
    for number, (top, height) in enumerate(STRIPES):
        # Tesseract takes the zone to read from a file of the same name with another ending.
        stripe = _Picture(image, first.path.with_name(f"stripe-{number}"))
        stripe.path.symlink_to(first.path)
        zone = f"0 {round(top * image.height)} {image.width} {round(height * image.height)} Text\n"
        stripe.path.with_suffix(".uzn").write_text(zone, encoding="ascii")
        try:
            words = tesseract.recognise(stripe, ONE_COLUMN, tesseract.nearest(ENGLISH)).words
        except _Failed:
            return ENGLISH
        if _makes_sense(words):
            return guess_language(word.text for word in words)
    return ENGLISH


def _read_page(tesseract: _Tesseract, picture: _Picture, language: str) -> tuple[Page, bool]:
    """The page, and whether Tesseract could open it. A page it cannot open has no words."""
    image = picture.image
    mode = ONE_BLOCK if _is_receipt(image) else AUTOMATIC
    try:
        read = tesseract.recognise(picture, mode, language)
        sensible = _makes_sense(read.words)
        if (not sensible or _is_sideways(read.words)) and (degrees := tesseract.rotation(picture)):
            if not sensible:  # at times Tesseract finds by itself that the lines run down the page
                read = tesseract.recognise(picture, WITH_ORIENTATION, language)
            read = read.turned(degrees)
    except _Failed:
        return page_of(ReadPage(image.width, image.height, ()), image.number, image.dpi), False
    return page_of(read, image.number, image.dpi), True


def _is_receipt(image: PageImage) -> bool:
    return image.height > RECEIPT * image.width


def _makes_sense(words: Sequence[Read]) -> bool:
    long = [word for word in words if sum(map(str.isalnum, word.text)) >= 3]
    sensible = sum(word.confidence >= SENSIBLE for word in long)
    return sensible >= FEWEST_SENSIBLE and sensible >= SENSIBLE_SHARE * len(long)


def _is_sideways(words: Sequence[Read]) -> bool:
    long = [word for word in words if len(word.text) > 3]
    return 2 * sum(word.bottom - word.top > word.right - word.left for word in long) > len(long)


def _notes(guessed: str, language: str, pages: Sequence[tuple[Page, bool]]) -> list[Note]:
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
