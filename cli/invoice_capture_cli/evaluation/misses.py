"""The misses that are shown, grouped by document and page, with the boxes of what was given and what was wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from invoice_capture_cli.evaluation.judging import Judged, Outcome
from invoice_capture_cli.evaluation.reading import Leaf, Reading
from invoice_capture_cli.evaluation.results import Results

Role = Literal["given", "wanted", "candidate"]
Box = Sequence[float]

# When not all of them can be shown, those that teach most come first.
_ORDER = (Outcome.WRONG, Outcome.MISSING, Outcome.UNLABELLED)


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle on a page, in percent of its width and height, and the number of the miss that it belongs to."""

    role: Role
    number: int
    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, role: Role, number: int, box: Box) -> Mark:
        left, top, right, bottom = (round(100 * float(edge), 3) for edge in box)
        return cls(role, number, left, top, round(right - left, 3), round(bottom - top, 3))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What else was considered; ``page`` counts from 1."""

    value: str
    confidence: float
    page: int | None


@dataclass(frozen=True, slots=True)
class Miss:
    """``wanted_on`` are the pages, from 1, with words that say the wanted value."""

    number: int
    judged: Judged
    candidates: Sequence[Candidate]
    wanted_on: Sequence[int]


@dataclass(slots=True)
class PageOfMisses:
    """``number`` counts from 0, and is None for what stands on no page, as in XML."""

    number: int | None
    misses: list[Miss] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


@dataclass(slots=True)
class DocumentOfMisses:
    file: str
    kind: str
    group: str
    pages: list[PageOfMisses]

    @property
    def drawn(self) -> list[int]:
        """The pages of which a picture is wanted."""
        return [page.number for page in self.pages if page.number is not None]


@dataclass(slots=True)
class Shown:
    """``counts`` are those shown by their outcome, ``left_out`` those beyond the limit."""

    documents: list[DocumentOfMisses]
    counts: Mapping[str, int]
    left_out: Mapping[str, int]


def choose_misses(results: Results, limit: int) -> Shown:
    """At most ``limit`` misses, wrong values first; those of documents that were refused are not among them."""
    refused = {file for _, files in results.refusals for file in files}
    misses = [one for one in results.judged if not one.is_right and one.file not in refused]
    by_worth = sorted(misses, key=lambda one: _ORDER.index(one.outcome))
    counts, left_out = (Counter(one.outcome.value for one in part) for part in (by_worth[:limit], by_worth[limit:]))
    chosen: dict[str, list[Judged]] = {}
    kept = {id(one) for one in by_worth[:limit]}
    for one in misses:
        if id(one) in kept:
            chosen.setdefault(one.file, []).append(one)
    documents, number = [], 0
    for file, those in chosen.items():
        documents.append(_document(those, results.readings[file], number))
        number += len(those)
    return Shown(documents, counts, left_out)


def _document(misses: Sequence[Judged], reading: Reading, before: int) -> DocumentOfMisses:
    """The misses of one document, numbered from ``before`` + 1."""
    pages: dict[int | None, PageOfMisses] = {}

    def page(number: int | None) -> PageOfMisses:
        return pages.setdefault(number, PageOfMisses(number))

    loose: list[tuple[int, Mapping[str, Any]]] = []
    for number, judged in enumerate(misses, start=before + 1):
        leaf = reading.leaves.get(judged.field) or {}
        places = reading.places.get(judged.field, ())
        others = [one for one in leaf.get("candidates") or () if not _is_chosen(one, leaf)]
        candidates = [Candidate(one["value"], one["confidence"], _from_one(one["page"])) for one in others]
        wanted_on = sorted({place.page + 1 for place in places})
        home = page(_home(leaf, others, [place.page for place in places], reading.pages))
        home.misses.append(Miss(number, judged, candidates, wanted_on))
        if judged.given is not None and leaf["box"] is not None:
            page(leaf["page"]).marks.append(Mark.of("given", number, leaf["box"]))
        for place in places:
            page(place.page).marks.append(Mark.of("wanted", number, place.box))
        loose.extend((number, one) for one in others)
    for number, one in loose:
        # Candidates alone are no reason to draw a page.
        if one["box"] is not None and one["page"] in pages:
            pages[one["page"]].marks.append(Mark.of("candidate", number, one["box"]))
    first = misses[0]
    ordered = sorted(pages.values(), key=lambda one: -1 if one.number is None else one.number)
    return DocumentOfMisses(first.file, first.kind, first.group, ordered)


def _home(leaf: Leaf, others: Iterable[Mapping[str, Any]], wanted: Sequence[int], pages: int) -> int | None:
    """The page to show a miss at: of what was given, of what was wanted, of the best candidate, or the first."""
    if leaf.get("page") is not None:
        return int(leaf["page"])
    candidates = [one["page"] for one in others if one["page"] is not None]
    return next(iter([*wanted, *candidates]), 0 if pages else None)


def _is_chosen(candidate: Mapping[str, Any], leaf: Leaf) -> bool:
    return all(candidate[name] == leaf[name] for name in ("value", "page", "box"))


def _from_one(page: int | None) -> int | None:
    return None if page is None else page + 1
