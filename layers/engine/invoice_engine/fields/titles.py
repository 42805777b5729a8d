"""The heading that says what a document is: invoice or credit note."""

import re
from dataclasses import dataclass
from itertools import islice

from invoice_engine.layout.document import ALIGNED, Document
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.read.words import Word

MAX_TITLE_WORDS = 12
MAX_LONG_TITLE = 24  # with the number, dates and references of the document in the same line
NUMBER_BEHIND = re.compile(r"(?:\s\D{1,4})?\s\S*\d")
MAX_TITLES = 20
# Languages that write compounds say in front of "invoice" what it is for; with a number, such a word is a heading.
MAX_COMPOUND_LINE, SHORTEST_SPECIFIER = 3, 3
# "Acme Ltd. Tax Invoice": a heading may also end a short line.
MAX_WORDS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Title:
    """`cell.text[:end]` names a kind of document, or ends in its name."""

    kind: str
    cell: Cell
    end: int
    height: float


def titles_in(document: Document) -> list[Title]:
    """All headings of the first page, in reading order."""
    cells = (cell for line in document.lines_on(0) for cell in line.cells)
    found = (_wrapped(document, cell) or _title(cell) for cell in cells if len(cell.words) <= MAX_LONG_TITLE)
    titles = (title for title in found if title and (_is_short(title) or _has_number(title)))
    return list(islice(titles, MAX_TITLES))


def _is_short(title: Title) -> bool:
    return len(title.cell.words) <= MAX_TITLE_WORDS


def _has_number(title: Title) -> bool:
    """Whether the number of the document follows, which no sentence that begins with such a word has there."""
    return NUMBER_BEHIND.match(title.cell.text, title.end) is not None


def _title(cell: Cell) -> Title | None:
    """The longest heading that the first words of `cell` make, or else one that its last words make."""
    kind, used = _longest(cell.words)
    if kind is not None:
        return Title(kind, cell, _end_of(cell.words[:used]), _height(cell.words[0]))
    first = match_key(cell.words[0].text)
    if len(cell.words) <= MAX_COMPOUND_LINE and first[SHORTEST_SPECIFIER:].endswith(lexicon().compound_titles):
        return Title("invoice", cell, len(cell.words[0].text), _height(cell.words[0]))
    for start in range(1, min(len(cell.words), MAX_WORDS_BEFORE + 1)):
        kind, used = _longest(cell.words[start:])
        if kind is not None and start + used == len(cell.words):
            return Title(kind, cell, len(cell.text), _height(cell.words[start]))
    return None


def _wrapped(document: Document, cell: Cell) -> Title | None:
    """A heading that goes on in the next line: its cell is the one where it ends."""
    if match_key(cell.text) not in lexicon().title_prefixes:
        return None
    for below in islice(document.below(cell, 2.0), 1):
        if abs(below.box.left - cell.box.left) > ALIGNED:
            return None
        kind, used = _longest((*cell.words, *below.words))
        if kind is not None and used > len(cell.words):
            words = below.words[: used - len(cell.words)]
            return Title(kind, below, _end_of(words), _height(below.words[0]))
    return None


def _longest(words: tuple[Word, ...]) -> tuple[str | None, int]:
    """The kind that the longest heading at the start of `words` names, and how many words it takes."""
    best: tuple[str | None, int] = (None, 0)
    phrase = ""
    for count, word in enumerate(words, start=1):
        phrase += match_key(word.text)
        if phrase not in lexicon().title_prefixes:
            break
        kind = lexicon().titles.get(phrase)
        if kind is not None:
            best = kind, count
    return best


def _end_of(words: tuple[Word, ...]) -> int:
    return len(" ".join(word.text for word in words))


def _height(word: Word) -> float:
    return word.box.bottom - word.box.top
