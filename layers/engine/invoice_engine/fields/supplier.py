"""The supplier's name: by label, legal form, place on the page, sender's line, and domains; never the customer's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from invoice_engine.fields.context import Context
from invoice_engine.fields.party_blocks import MAX_BLOCKS, SEPARATOR, PartyBlocks, is_sender_line
from invoice_engine.layout.document import ALIGNED
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, squeeze
from invoice_engine.model import Candidate

LABELLED = 0.82
LEGAL_FORM, LEGAL_FORM_AT_EDGE = 0.4, 0.5
TOP_OF_PAGE, SENDER_LINE = 0.33, 0.6
DOMAIN_MATCHES = 0.6
LARGE, SET_LARGE, NEXT_AT_TOP = 1.4, 1.35, 0.7
OF_CUSTOMER = 0.12
HEADER, FOOTER = 0.2, 0.85  # shares of the page height
BLOCK_REACH = 8.0  # text heights from a party's label to its name
BLOCK_CELLS = 4
MAX_NAME_WORDS, MAX_NAME = 8, 90
FREE_MAIL = frozenset({"gmail", "googlemail", "yahoo", "hotmail", "outlook", "gmx", "web", "tonline", "aol", "icloud",
                       "orange", "wanadoo", "free", "libero", "example", "live", "msn", "mail", "proton"})  # fmt: skip

_DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([\w-]{2,40})(?:\.[\w-]+)+", re.IGNORECASE)
_NO_NAME = re.compile(r"@|www\.|https?:|^\W*\d|^\(|\d{4}|[:=]$")


@dataclass(frozen=True, slots=True)
class _Sighting:
    name: str
    score: float
    cell: Cell

    @property
    def key(self) -> str:
        return name_key(self.name)


def supplier_names(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """Candidates for the supplier's name. Sightings in the customer's block count against a name everywhere."""
    sightings = [one for one in _sightings(context, blocks) if len(one.key) >= 2]
    customers = {one.key for one in sightings if blocks.owner(one.cell) == "customer"}
    customers |= {name_key(name) for name, _ in _labelled(context, "customer")}
    domains = _domains(context, blocks)
    printed: dict[str, str] = {}
    found = []
    for one in sorted(sightings, key=lambda one: -one.score):
        name = printed.setdefault(one.key, one.name)
        score = one.score * (OF_CUSTOMER if one.key in customers else 1.0)
        found.append(Candidate(name, score, one.cell.page, one.cell.box))
    for key, name in printed.items():
        if key not in customers and any(_matches(key, domain) for domain in domains):
            first = next(one for one in sightings if one.key == key)
            found.append(Candidate(name, DOMAIN_MATCHES, first.cell.page, first.cell.box))
    return found


@lru_cache(maxsize=2000)
def name_key(name: str) -> str:
    """What two spellings of a name have in common: no case, no punctuation, no legal form."""
    whole = squeeze(name)
    for form in _squeezed_forms():
        if whole.endswith(form) and len(whole) > len(form) + 2:
            return whole[: -len(form)]
    return whole


@lru_cache(maxsize=1)
def _squeezed_forms() -> tuple[str, ...]:
    return tuple(sorted({squeeze(form) for form in lexicon().legal_forms}, key=len, reverse=True))


def _sightings(context: Context, blocks: PartyBlocks) -> Iterator[_Sighting]:
    for name, cell in _labelled(context, "supplier"):
        yield _Sighting(name, LABELLED, cell)
    for cell in blocks.sender_lines:
        yield _Sighting(SEPARATOR.split(cell.text)[0].strip(), SENDER_LINE, cell)
    for cell in context.document.cells:
        if (formed := _with_legal_form(cell.text)) is not None:
            at_edge = cell.box.top < HEADER or cell.box.top > FOOTER
            yield _Sighting(formed, LEGAL_FORM_AT_EDGE if at_edge else LEGAL_FORM, cell)
    yield from _top_of_page(context, blocks)


def _labelled(context: Context, role: str) -> Iterator[tuple[str, Cell]]:
    """Names behind, beside or below the labels of a party."""
    for label in context.labels.named(role)[:MAX_BLOCKS]:
        rest = label.cell.text[label.end :].strip(" :()/.*-")
        if not rest:
            yield from _name_in_block(context, label.cell)
        elif is_name(rest):
            yield _cut(rest), label.cell


def _name_in_block(context: Context, head: Cell) -> Iterator[tuple[str, Cell]]:
    """The first name below or beside the heading of a block; a block of labels has one for the name."""
    below = list(islice(context.document.below(head, BLOCK_REACH), BLOCK_CELLS))
    beside = list(context.document.right_of(head)[:1])
    # A colon points to the right; a heading has its block below, and another block beside it.
    for cell in [*beside, *below] if head.text.rstrip().endswith(":") else [*below, *beside]:
        label = context.labels.heads(cell)
        if label is not None and label.name == "name":
            yield from _beside_name_label(context, cell)
            return
        if label is None and is_name(cell.text):
            yield _cut(cell.text), cell
            return


def _beside_name_label(context: Context, label: Cell) -> Iterator[tuple[str, Cell]]:
    """The name beside a label of its own; in a table with centred labels it may begin in the line above."""
    for cell in context.document.right_of(label)[:1]:
        above = context.document.lines_on(cell.page)[cell.line - 1].cells if cell.line else ()
        aligned = len(above) == 1 and abs(above[0].box.left - cell.box.left) < ALIGNED
        if aligned and cell.box.top - above[0].box.bottom < context.document.text_height and is_name(above[0].text):
            yield f"{above[0].text} {_cut(cell.text)}", cell
        elif is_name(cell.text):
            yield _cut(cell.text), cell


def _top_of_page(context: Context, blocks: PartyBlocks) -> Iterator[_Sighting]:
    """The first name-like text of the page; letterheads are also set larger than the rest."""
    score = TOP_OF_PAGE
    titles = {(title.cell.line, title.cell.box.left) for title in context.titles}
    for line in context.document.lines_on(0)[:6]:
        for cell in line.cells:
            known = context.labels.heads(cell) is not None or (cell.line, cell.box.left) in titles
            if known or cell.box.top > HEADER or not is_name(cell.text) or is_sender_line(cell):
                continue
            if blocks.owner(cell) == "customer":
                continue
            large = cell.box.bottom - cell.box.top > LARGE * context.document.text_height
            yield _Sighting(_cut(cell.text), score * (SET_LARGE if large else 1.0), cell)
            score *= NEXT_AT_TOP


def is_name(text: str) -> bool:
    """Whether `text` could be somebody's name: short, mostly letters, no address of the web, no number."""
    letters = sum(map(str.isalpha, text))
    return (
        letters >= 2
        and text not in lexicon().currency_codes
        and len(text) <= MAX_NAME
        and len(text.split()) <= MAX_NAME_WORDS
        and letters >= 0.6 * len(text.replace(" ", ""))
        and not _NO_NAME.search(text)
    )


def _cut(text: str) -> str:
    """The name alone: up to the end of its legal form, or to the first separator."""
    return _with_legal_form(text) or SEPARATOR.split(text)[0].strip(" ,;:")


def _with_legal_form(text: str) -> str | None:
    """The part of `text` that ends in a legal form, if it is short enough to be a name."""
    first = re.split(r"\s+[-–—·•|●]\s+|\s*[·•|●]\s*", text)[0]
    words = first.split()
    forms = lexicon().legal_forms
    for end in range(min(len(words), MAX_NAME_WORDS), 1, -1):
        tail = [" ".join(words[start:end]).rstrip(",") for start in range(max(1, end - 5), end)]
        if any(one in forms for one in tail):
            name = " ".join(words[:end]).strip(" ,;:")
            return name if is_name(name) else None
    return None


def _domains(context: Context, blocks: PartyBlocks) -> set[str]:
    """Second-level domains of addresses printed outside the customer's block."""
    found: set[str] = set()
    for cell in context.document.cells:
        if blocks.owner(cell) == "customer":
            continue
        found.update(squeeze(match[1]) for match in _DOMAIN.finditer(cell.text))
    return {domain for domain in found if len(domain) >= 3 and domain not in FREE_MAIL}


def _matches(key: str, domain: str) -> bool:
    return (domain in key or key in domain) and min(len(key), len(domain)) >= 4
