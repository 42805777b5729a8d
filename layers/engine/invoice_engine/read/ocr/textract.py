"""OCR by Amazon Textract: DetectDocumentText, one request a page, some of them at a time."""

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, count, islice
from math import atan2, pi
from operator import length_hint
from threading import Event
from typing import Any, Protocol

from invoice_engine.errors import OcrRefused, OcrUnavailable, UnreadableDocument, damaged_image
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Note
from invoice_engine.read.ocr.port import OcrResult, PageImage
from invoice_engine.read.ocr.portable import portable
from invoice_engine.read.ocr.tsv import Read, ReadPage, page_of
from invoice_engine.read.words import Page

# An account may send 1 to 25 requests a second, depending on the region, and a request takes one to three seconds.
WORKERS = 4
# What Textract says of the picture; whatever else it refuses is about us.
_PICTURE_REFUSED = frozenset(
    {
        "BadDocumentException",
        "DocumentTooLargeException",
        "InvalidParameterException",
        "UnsupportedDocumentException",
    }
)
_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_OUT_OF_ORDER = frozenset(
    {
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_TOO_SLOW = "Textract did not read the pages in time. Reading the document is worth trying again."
_NO_SLOT = "Textract has no slot for the document yet. Reading it is worth trying again."
_MOST_REPEATS = 4


class TextractClient(Protocol):
    """The one method of boto3's client that is used."""

    def detect_document_text(self, **request: Any) -> Any: ...


class Slots(Protocol):
    """When the pages of one document may be sent. All who read with an account share its rate."""

    def take(self, pages: int) -> bool:
        """Wait for the slots of so many pages; False when they do not come in time."""
        ...

    def before_page(self) -> None:
        """Wait until the next of these pages may be sent."""
        ...

    def again(self, failures: int, throttled: bool) -> bool:
        """Wait until a page may be sent once more that Textract did not read so many times; False to give it up.

        Called from several threads.
        """
        ...


class Alone:
    """For who shares the account with nobody: pages go as they come, and again after 1, 2, 4 and 8 seconds."""

    def take(self, pages: int) -> bool:  # noqa: ARG002
        return True

    def before_page(self) -> None:
        pass

    def again(self, failures: int, throttled: bool) -> bool:  # noqa: ARG002
        if failures > _MOST_REPEATS:
            return False
        time.sleep(2 ** (failures - 1))
        return True


@dataclass(slots=True)
class TextractReader:
    """Reads `workers` pages at a time, when their slot comes. Without a client it makes one by boto3, with its
    credentials and region, when there is something to read.

    Pages may lie on their sides, stand upside down and lean a little; text at any other angle is in disorder.
    """

    client: TextractClient | None = None
    workers: int = WORKERS
    slots: Slots = field(default_factory=Alone)

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:  # noqa: ARG002
        """See OcrReader. Every page is charged for, also when a later one fails; so all their slots are taken first."""
        self.client = self.client or default_client()
        pictures = iter(images)
        # Drawn before its slot: whoever sends late after it, and soon after the next one's, sends too much at once.
        first = list(islice(pictures, 1))
        if first and not self.slots.take(max(1, length_hint(images, 1))):
            raise OcrUnavailable(_NO_SLOT)
        sending = _Sending(self.client, self.slots)
        pages: list[tuple[Page, bool]] = []
        waiting: deque[Future[tuple[Page, bool]]] = deque()
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="textract")
        try:
            for image in chain(first, pictures):
                # Drawing is faster than reading: more pictures than this would only take up memory.
                if len(waiting) >= 2 * self.workers:
                    pages.append(_finished(waiting.popleft(), deadline))
                self.slots.before_page()
                waiting.append(pool.submit(sending.read, image))
            for page in waiting:
                pages.append(_finished(page, deadline))
        except OcrUnavailable as exc:
            if not pages:
                raise
            raise OcrUnavailable(
                f"{exc} {len(pages)} of its pages had been read, and will be charged for again."
            ) from exc
        finally:
            # After an error nobody waits for what is under way, and what is not is never sent.
            sending.given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
        if pages and not any(readable for _, readable in pages):
            raise damaged_image()
        unread = ", ".join(str(page.number + 1) for page, readable in pages if not readable)
        notes = [Note("pages_not_read", f"OCR could not read these pages: {unread}.")] if unread else []
        return OcrResult([page for page, _ in pages], notes)


def default_client() -> TextractClient:
    """A client that leaves it to the reader to repeat what failed for a moment: the others are to know of it."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    retries = {"mode": "standard", "total_max_attempts": 1}
    try:
        config = Config(connect_timeout=5, read_timeout=30, retries=retries, max_pool_connections=WORKERS)  # type: ignore[arg-type]
        return boto3.client("textract", config=config)  # type: ignore[no-any-return]
    except BotoCoreError as exc:
        raise _refused(type(exc).__name__) from exc


def page_from(answer: Mapping[str, Any], image: PageImage) -> Page:
    """The page of an answer of DetectDocumentText, upright and in even lines; without words when there are none."""
    blocks = answer.get("Blocks", ())
    line_of = {
        word: block["Id"]
        for block in blocks
        if block["BlockType"] == "LINE"
        for relation in block.get("Relationships", ())
        if relation["Type"] == "CHILD"
        for word in relation["Ids"]
    }
    words = [block for block in blocks if block["BlockType"] == "WORD" and block.get("Text", "").strip()]
    read = ReadPage(image.width, image.height, tuple(_read(word, line_of, image) for word in words))
    return page_of(read.turned(-_turned_by(words, image)), image.number, image.dpi)


def _read(word: Mapping[str, Any], line_of: Mapping[str, str], image: PageImage) -> Read:
    box = word["Geometry"]["BoundingBox"]
    left, top = box["Left"] * image.width, box["Top"] * image.height
    right, bottom = left + box["Width"] * image.width, top + box["Height"] * image.height
    line = (line_of.get(word["Id"], word["Id"]),)
    return Read(word["Text"].strip(), line, left, top, right, bottom, word.get("Confidence", 100.0))


def _turned_by(words: Sequence[Mapping[str, Any]], image: PageImage) -> int:
    """By how many degrees clockwise the page lies, in quarters: the first two corners of a word run along its text."""
    across = down = 0.0
    for word in words:
        corners: Sequence[Mapping[str, float]] = word["Geometry"].get("Polygon", ())
        if len(corners) >= 2:
            across += (corners[1]["X"] - corners[0]["X"]) * image.width
            down += (corners[1]["Y"] - corners[0]["Y"]) * image.height
    return round(atan2(down, across) / (pi / 2)) % 4 * 90


def _finished(page: "Future[tuple[Page, bool]]", deadline: Deadline) -> tuple[Page, bool]:
    try:
        return page.result(timeout=deadline.timeout())
    except TimeoutError as exc:
        raise OcrUnavailable(_TOO_SLOW) from exc


class _Busy(Exception):
    """Textract did not read a page, and may do so later."""

    def __init__(self, message: str, throttled: bool) -> None:
        super().__init__(message)
        self.throttled = throttled


@dataclass(frozen=True, slots=True)
class _Sending:
    """The pages of one document on their way, until they are given up."""

    client: TextractClient
    slots: Slots
    given_up: Event = field(default_factory=Event)

    def read(self, image: PageImage) -> tuple[Page, bool]:
        """The page, and whether Textract could open it."""
        try:
            picture = portable(image)
        except UnreadableDocument:
            return _unread(image), False
        for failures in count(1):
            try:
                answer = _ask(self.client, picture)
            except _Busy as exc:
                if self.given_up.is_set() or not self.slots.again(failures, exc.throttled) or self.given_up.is_set():
                    raise OcrUnavailable(str(exc)) from exc
            else:
                return (_unread(image), False) if answer is None else (page_from(answer, picture), True)
        raise AssertionError("counting has no end")


def _unread(image: PageImage) -> Page:
    return Page(image.number, image.width, image.height, ())


def _ask(client: TextractClient, picture: PageImage) -> Any:
    """Textract's answer; None for a picture that it cannot open. Raises _Busy, OcrRefused."""
    from botocore import exceptions

    try:
        return client.detect_document_text(Document={"Bytes": picture.data})
    except exceptions.ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "")
        if code in _PICTURE_REFUSED:
            return None
        is_down = code in _OUT_OF_ORDER or exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
        if code in _THROTTLED or is_down:
            message = f"Textract is busy ({code}). Reading the document is worth trying again."
            raise _Busy(message, throttled=code in _THROTTLED) from exc
        raise _refused(code) from exc
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as exc:
        message = (
            f"Textract could not be reached ({type(exc).__name__}): for a moment, or because this region has none."
        )
        raise _Busy(message, throttled=False) from exc
    except exceptions.BotoCoreError as exc:
        raise _refused(type(exc).__name__) from exc


def _refused(reason: str) -> OcrRefused:
    return OcrRefused(
        f"Textract refused to read the document ({reason}). Allow textract:DetectDocumentText to whoever reads "
        "documents, in a region that has Textract, or choose another OCR."
    )
