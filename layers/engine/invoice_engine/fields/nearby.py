"""Find typed values beside labels: behind them, to the right, below; for want of these, to the left and above."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from invoice_engine.evidence import Seen
from invoice_engine.fields.found import Found
from invoice_engine.fields.labels import Label, Labels
from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell
from invoice_engine.model import Box, Candidate, Value

Finder = Callable[[str], Sequence[Found]]

BEHIND, RIGHT, BELOW, LEFT, ABOVE = 1.0, 0.95, 0.85, 0.5, 0.45
# A line that ends in its label goes on in the next one.
WRAPPED = 0.6
# Below a label that already has a value beside it, or that shares its cell with other words.
BELOW_ANYWAY = 0.35
# What a label's later values are worth against its first.
LATER = 0.85
# A value that OCR damaged and we put right is a guess, until a sum proves it.
MENDED = 0.8
FAR_BEHIND = 14  # characters between a label and a value in one cell that make their connection doubtful
MAX_VALUES = 6
SURROUNDINGS = 4  # characters a cell may have besides the value that fills it


@dataclass(frozen=True, slots=True)
class Sighting:
    """A value seen near a label, with the share of certainty that its place gives it."""

    value: Value
    score: float
    page: int
    box: Box
    label: Label

    def candidate(self, factor: float = 1.0) -> Candidate:
        return Candidate(self.value, min(1.0, self.score * factor), self.page, self.box)

    def seen(self, fields: tuple[str, ...]) -> Seen:
        text = self.label.cell.text[self.label.start : self.label.end]
        return Seen(fields, text, self.label.box, self.value, self.score, self.page, self.box)


def sightings(document: Document, labels: Labels, label: Label, find: Finder) -> Iterator[Sighting]:
    """Values that `find` sees near `label`, best places first."""
    beside = list(_behind(labels, label, find)) or list(_to_the_right(document, labels, label, find))
    yield from beside
    below = list(_below(document, labels, label, find, with_value=bool(beside)))
    yield from below
    if not beside and not below:
        yield from _to_the_left(document, labels, label, find)
        yield from _above(document, labels, label, find)


def _sighting(label: Label, cell: Cell, found: Found, place: float) -> Sighting:
    score = label.weight * place * found.quality
    if cell.is_mended(found.start, found.end):
        score *= MENDED
    return Sighting(found.value, score, cell.page, cell.box_of_span(found.start, found.end), label)


def _behind(labels: Labels, label: Label, find: Finder) -> Iterator[Sighting]:
    cell = label.cell
    following = [other for other in labels.within(cell) if other.start >= label.end]
    limit = min((other.start for other in following if other.name != label.name), default=len(cell.text))
    place = BEHIND
    for found in _found_after(cell.text[:limit], label.end, find):
        distance = found.start - label.end
        yield _sighting(label, cell, found, place if distance <= FAR_BEHIND else place * 0.6)
        place *= LATER


def _found_after(text: str, start: int, find: Finder) -> list[Found]:
    """What `find` sees in `text` from `start` on, without taking the words of a label for part of a value."""
    return [Found(one.value, one.start + start, one.end + start, one.quality) for one in find(text[start:])]


def _to_the_right(document: Document, labels: Labels, label: Label, find: Finder) -> Iterator[Sighting]:
    if any(other.start >= label.end for other in labels.within(label.cell)):
        return
    place, seen = RIGHT, 0
    for cell in document.right_of(label.cell):
        head = labels.heads(cell)
        if head is not None and head.name != label.name:
            return
        for found in _found_after(cell.text, head.end if head else 0, find):
            yield _sighting(label, cell, found, place)
            place *= LATER
            seen += 1
        if seen >= MAX_VALUES:
            return


def _below(document: Document, labels: Labels, label: Label, find: Finder, *, with_value: bool) -> Iterator[Sighting]:
    last = label.end >= len(label.cell.text.rstrip(" :.*?")) and not with_value
    alone = len(labels.within(label.cell)) == 1 and not any(map(str.isalnum, label.cell.text[: label.start]))
    if labels.in_table_heading(label):
        return
    place = BELOW if last and alone else WRAPPED if last else BELOW_ANYWAY
    seen = 0
    for cell in document.below(label.cell):
        if labels.heads(cell) is not None:
            return
        found = find(cell.text)
        if not found:
            place *= 0.8
            continue
        for one in found:
            yield _sighting(label, cell, one, place)
            place *= LATER
        seen += len(found)
        if seen >= MAX_VALUES:
            return


def _to_the_left(document: Document, labels: Labels, label: Label, find: Finder) -> Iterator[Sighting]:
    cells = document.line_of(label.cell).cells
    before = cells[: cells.index(label.cell)]
    if before and not labels.within(before[-1]):
        for found in find(before[-1].text)[-1:]:
            yield _sighting(label, before[-1], found, LEFT)


def _above(document: Document, labels: Labels, label: Label, find: Finder) -> Iterator[Sighting]:
    """A value with its name in small print below it: alone in its cell, right above the label."""
    cell = document.above(label.cell)
    if cell is None or labels.within(cell) or labels.in_table_heading(label):
        return
    for found in find(cell.text):
        if len(cell.text) - (found.end - found.start) <= SURROUNDINGS:
            yield _sighting(label, cell, found, ABOVE)
