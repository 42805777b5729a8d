"""What a reader hands on: pages of words with boxes, in reading order of the file."""

from dataclasses import dataclass

from invoice_engine.model import Box


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without white space. `box` is in fractions of the page as displayed.

    `mended` words were read by OCR as something that no document says, such as `1.234,5O`, and put right since.
    `confidence` is how sure OCR is of the characters, from 0 to 1, as its program tells it: not calibrated.
    """

    text: str
    box: Box
    mended: bool = False
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 0; width and height are those of the page as displayed, in points."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    by_ocr: bool = False

    def as_read_by_ocr(self) -> "Page":
        """This page, with the mark of one whose characters are guesses."""
        return Page(self.number, self.width, self.height, self.words, by_ocr=True)
