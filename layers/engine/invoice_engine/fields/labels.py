"""Find the labels of a document: the phrases of the lexicon, where they stand as labels."""

from dataclasses import dataclass
from functools import cached_property

from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.lexicon import Meaning, lexicon, squeeze_character
from invoice_engine.model import Box

# Labels are short; a phrase in the middle of a longer run of words is part of a sentence.
SENTENCE_WORDS = 9
IN_A_SENTENCE = 0.45
# Labels of parties are headings, or end in a colon; words as short as "to" and "von" need the colon.
PARTIES = frozenset({"supplier", "customer"})
SHORT_WORD = 4
# One word for a column is enough to make a table of a line with this many cells.
WIDE_TABLE = 5
HEADING_REACH = 3.0  # text heights over which the headings of columns may wrap
# A single phrase is never longer than this many letters; bounds the search in very long cells.
MAX_CELL = 400


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
        for cell in document.cells:
            if found := labels_in(cell):
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
        return labels[0] if labels and not any(map(str.isalnum, cell.text[: labels[0].start])) else None

    def in_table_heading(self, label: Label) -> bool:
        """Whether `label` heads a column of a table of items or taxes, and not a value of its own."""
        return any(self._is_heading(line) for line in self._document.lines_above(label.cell, HEADING_REACH))

    def _is_heading(self, line: TextLine) -> bool:
        heads = [self.heads(cell) for cell in line.cells]
        columns = sum(head is not None and head.name == "column" for head in heads)
        return columns >= 2 or (columns == 1 and len(line.cells) >= WIDE_TABLE)


def _place(cell: Cell) -> tuple[int, int, float]:
    return cell.page, cell.line, cell.box.left


def labels_in(cell: Cell) -> list[Label]:
    """The longest labels in the text of `cell`, from left to right, not overlapping."""
    text = cell.text[:MAX_CELL]
    found: list[Label] = []
    position = 0
    while position < len(text):
        if squeeze_character(text[position]) and _is_boundary(text, position):
            match = _longest_at(text, position)
            if match is not None:
                meaning, end = match
                if meaning.name not in PARTIES or _is_party_label(text, position, end):
                    found.append(_label(cell, meaning, position, end))
                    position = end
                    continue
        position += 1
    return found


def _is_party_label(text: str, start: int, end: int) -> bool:
    rest = text[end:].lstrip()
    if any(map(str.isalnum, text[:start])):
        return False
    return rest.startswith(":") or (not rest.strip(" ()/.*-") and end - start > SHORT_WORD)


def _is_boundary(text: str, position: int) -> bool:
    """Whether a word of `text` may begin at `position`."""
    return position == 0 or not (text[position - 1].isalnum() and text[position].isalnum())


def _longest_at(text: str, start: int) -> tuple[Meaning, int] | None:
    words = lexicon()
    phrase = ""
    best: tuple[Meaning, int] | None = None
    for end in range(start, len(text)):
        addition = squeeze_character(text[end])
        if not addition:
            continue
        phrase += addition
        if phrase not in words.label_prefixes:
            break
        if phrase in words.labels and (end + 1 == len(text) or _is_boundary(text, end + 1)):
            best = words.labels[phrase], end + 1
    return best


def _label(cell: Cell, meaning: Meaning, start: int, end: int) -> Label:
    weight = meaning.weight
    if len(cell.words) > SENTENCE_WORDS and any(map(str.isalpha, cell.text[:start])):
        weight *= IN_A_SENTENCE
    return Label(meaning.name, weight, cell, start, end)
