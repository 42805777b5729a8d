"""The port for optical character recognition: pictures of pages in, words with boxes out."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Box, Note
from invoice_engine.read.words import Page, Word


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page as a picture.

    `data` is a whole PNG, JPEG, TIFF or BMP file, and `frame` counts the pictures within it from 0. `number` is that
    of the page in the document; `width` and `height` are in pixels. `dpi` is None where nobody knows it.
    """

    data: bytes
    number: int
    width: int
    height: int
    frame: int = 0
    dpi: int | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures that are drawn when they are asked for; `operator.length_hint` says how many that will be at most."""

    most: int
    drawn: Iterable[PageImage]

    def __iter__(self) -> Iterator[PageImage]:
        return iter(self.drawn)

    def __length_hint__(self) -> int:
        return self.most


@dataclass(slots=True)
class OcrResult:
    """The pages in the order of the pictures. A page on which nothing could be read has no words."""

    pages: list[Page]
    notes: list[Note] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For another process, which makes the same result of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "OcrResult":
        pages = [
            Page(**{**page, "words": tuple(Word(**{**word, "box": Box(*word["box"])}) for word in page["words"])})
            for page in content["pages"]
        ]
        return cls(pages, [Note(**note) for note in content["notes"]])


class OcrReader(Protocol):
    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        """Read the pages of one document.

        `images` is taken from the thread of the caller alone, so it may be a generator that draws the pages.
        Raises NoTextLayer when the reader is not installed, TooLarge and MachineBusy when time is up,
        UnreadableDocument when not one of the pictures can be opened, OcrUnavailable and OcrRefused where the reader
        is a service.
        """
        ...
