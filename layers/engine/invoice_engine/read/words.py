"""What a reader hands on: pages of words with boxes, in reading order of the file."""

from dataclasses import dataclass

from invoice_engine.model import Box


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without white space. `box` is in fractions of the page as displayed."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 0; width and height are those of the page as displayed, in points."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
