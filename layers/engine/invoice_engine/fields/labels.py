"""Find the labels of a document: the phrases of the lexicon, where they stand as labels.

On pages read by OCR also what only looks like a phrase, at the head of a cell and before a value or a colon.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.lexicon import WEIGHTS, Meaning, lexicon, match_key, match_key_of_character
from invoice_engine.lexicon.alike import LONGEST, SHORTEST, label_like
from invoice_engine.model import Box

# Labels are short; a phrase in the middle of a longer run of words is part of a sentence.
SENTENCE_WORDS = 9
IN_A_SENTENCE = 0.45
# Lines of a letterhead or foot run on like sentences, but these labels have one kind of value.
REGISTERED = frozenset({"vat_number", "tax_number", "iban", "bic"})
# Labels of parties are headings, or end in a colon; words as short as "to" and "von" need the colon.
PARTIES = frozenset({"supplier", "customer"})
SHORT_WORD = 4
# One word for a column is enough to make a table of a line with this many cells.
WIDE_TABLE = 5
HEADING_REACH = 3.0  # text heights over which the headings of columns may wrap
# "Total incl. 21 % VAT" is "total incl vat": a rate may stand in the middle of a phrase.
RATE = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?\s?%")
# A word begins, or a sign such as "#" stands.
_BEGINNING = re.compile(r"(?<![^\W_])[^\W_]|[^\w\s]")
# A single phrase is never longer than this many letters; bounds the search in very long cells.
MAX_CELL = 400
# A damaged label, and what it is worth of the one it looks like; a value below it is this many text heights away.
GUESSED = 0.9
MAX_GUESSED_WORDS = 5
GUESSED_REACH = 3.0
STRONG = WEIGHTS["strong"]
# The head of a cell: what stands before its colon, or before the first word that begins like a value, or has a digit.
_HEADS = (
    re.compile(r"[^:]*?(?=\s*:|\s+[\W_]*\d|\s+[€$£]|\s+[A-Z]{3}\s+[\W_]*\d|$)"),
    re.compile(r"[^:]*?(?=\s+[^\s:]*\d)"),
)


@dataclass(frozen=True, slots=True)
class Label:
    """A phrase at `cell.text[start:end]` that names a field. `weight` (0..1) says how surely it does."""

    name: str
    weight: float
    cell: Cell
    start: int
    end: int

    @property
    def box(self) -> Box:
        return self.cell.box_of_span(self.start, self.end)


class Labels:
    """All labels of a document, by field and by cell."""

    def __init__(self, document: Document) -> None:
        self._by_place: dict[tuple[int, int, float], list[Label]] = {}
        self._headings: dict[tuple[int, int], bool] = {}  # by page and line
        for cell in document.cells:
            found = labels_in(cell)
            if document.by_ocr(cell.page) and (guessed := _damaged_label(document, cell, found)):
                found = [guessed, *(label for label in found if label.start >= guessed.end)]
            if found:
                self._by_place[_place(cell)] = found
        self._document = document

    @cached_property
    def _by_name(self) -> dict[str, list[Label]]:
        names: dict[str, list[Label]] = {}
        for labels in self._by_place.values():
            for label in labels:
                names.setdefault(label.name, []).append(label)
        return names

    def named(self, *names: str) -> list[Label]:
        return [label for name in names for label in self._by_name.get(name, [])]

    def within(self, cell: Cell) -> list[Label]:
        """The labels of a cell, from left to right."""
        return self._by_place.get(_place(cell), [])

    def heads(self, cell: Cell) -> Label | None:
        """The label that `cell` begins with, if any."""
        labels = self.within(cell)
        if not labels:
            return None
        first = labels[0]
        return None if first.start and any(map(str.isalnum, cell.text[: first.start])) else first

    def in_table_heading(self, label: Label) -> bool:
        """Whether `label` heads a column of a table of items or taxes, and not a value of its own."""
        return any(self._is_heading(line) for line in self._document.lines_above(label.cell, HEADING_REACH))

    def _is_heading(self, line: TextLine) -> bool:
        place = line.page, line.number
        if place not in self._headings:
            self._headings[place] = self._heads_columns(line)
        return self._headings[place]

    def _heads_columns(self, line: TextLine) -> bool:
        heads = [self.heads(cell) for cell in line.cells]
        columns = sum(head is not None and head.name == "column" for head in heads)
        return columns >= 2 or (columns == 1 and len(line.cells) >= WIDE_TABLE)


def _place(cell: Cell) -> tuple[int, int, float]:
    return cell.page, cell.line, cell.box.left


def labels_in(cell: Cell) -> list[Label]:
    """The longest labels in the text of `cell`, from left to right, not overlapping."""
    text = cell.text[:MAX_CELL]
    squeezed = [match_key_of_character(character) for character in text]
    found: list[Label] = []
    position = 0
    for beginning in _BEGINNING.finditer(text):
        start = beginning.start()
        match = _longest_at(text, squeezed, start) if start >= position and squeezed[start] else None
        if match is None:
            continue
        meaning, end = match
        if _is_currency(text, end):
            position = end
        elif meaning.name not in PARTIES or _is_party_label(text, start, end):
            found.append(_label(cell, meaning, start, end))
            position = end
    return found


def _is_party_label(text: str, start: int, end: int) -> bool:
    rest = text[end:].lstrip()
    if any(map(str.isalnum, text[:start])):
        return False
    if rest.startswith(("/", "(")):  # the same in other words or another language, or the other role of one party
        other = lexicon().labels.get(match_key(rest.partition(":")[0]))
        if other is not None and other.name in PARTIES:
            return True
    rest = rest.removeprefix(")").lstrip()
    return rest.startswith(":") or (not rest.strip(" ()/.*-") and end - start > SHORT_WORD)


def _is_currency(text: str, end: int) -> bool:
    """Whether the letters before `end` say whose dollar follows, as in "CA$5"."""
    return text[end : end + 1] == "$"


def _is_boundary(text: str, position: int) -> bool:
    """Whether a word of `text` may begin at `position`."""
    return position == 0 or not (text[position - 1].isalnum() and text[position].isalnum())


def _longest_at(text: str, squeezed: list[str], start: int) -> tuple[Meaning, int] | None:
    """The longest phrase in `text` from `start` on, and where it ends; `squeezed` are the characters of `text`."""
    labels, prefixes = lexicon().labels, lexicon().label_prefixes
    phrase = ""
    best: tuple[Meaning, int] | None = None
    end = start
    while end < len(text):
        addition = squeezed[end]
        longer = phrase + addition
        if addition and longer not in prefixes:
            rate = RATE.match(text, end) if phrase else None
            if rate is None:
                break
            end = rate.end()
            continue
        end += 1
        phrase = longer
        if addition and phrase in labels and (end == len(text) or _is_boundary(text, end)):
            best = labels[phrase], end
    return best


def _label(cell: Cell, meaning: Meaning, start: int, end: int) -> Label:
    weight = meaning.weight
    in_sentence = len(cell.words) > SENTENCE_WORDS and any(map(str.isalpha, cell.text[:start]))
    if in_sentence and meaning.name not in REGISTERED:
        weight *= IN_A_SENTENCE
    return Label(meaning.name, weight, cell, start, end)


def _damaged_label(document: Document, cell: Cell, exact: list[Label]) -> Label | None:
    """The label that the head of `cell` was printed as.

    Of `exact`, the phrases of the lexicon in the head, strong ones win, and so does one that is all of it.
    """
    text = cell.text[: 2 * LONGEST]
    for pattern in _HEADS:
        match = pattern.match(text)
        if match and (label := _label_like(document, cell, match[0], exact)):
            return label
    return None


def _label_like(document: Document, cell: Cell, head: str, exact: list[Label]) -> Label | None:
    phrase, words = match_key(head), lexicon()
    if not SHORTEST <= len(phrase) <= LONGEST or len(head.split()) > MAX_GUESSED_WORDS:
        return None
    if phrase in words.labels or phrase in words.columns or phrase in words.titles:
        return None
    likely = label_like(head) if _before_value(document, cell, len(head)) else None
    if likely is None or (meaning := words.labels[likely[0]]).name in PARTIES:
        return None
    known = [label for label in exact if label.start < len(head)]
    if any(label.end > len(head) or (label.name != meaning.name and label.weight >= STRONG) for label in known):
        return None
    same = [label.weight for label in known if label.name == meaning.name]
    return Label(meaning.name, max(meaning.weight * likely[1] * GUESSED, *same, 0.0), cell, 0, len(head))


def _before_value(document: Document, cell: Cell, end: int) -> bool:
    """Whether a colon stands behind the head of `cell`, or a digit behind it, to the right or below."""
    behind = cell.text[end:]
    if behind.lstrip().startswith(":") or any(map(str.isdigit, behind)):
        return True
    near = (*document.right_of(cell)[:1], *islice(document.below(cell, GUESSED_REACH), 1))
    return any(any(map(str.isdigit, other.text)) for other in near)
