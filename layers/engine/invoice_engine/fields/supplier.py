"""The supplier's name: by label, legal form, place on the page, sender's line, and domains; never the customer's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from invoice_engine.fields.addresses import Address, ends_party, is_labelled, is_salutation
from invoice_engine.fields.context import Context
from invoice_engine.fields.party_blocks import (
    MAX_BLOCKS,
    SEPARATOR,
    WINDOW_PAGE_TOP,
    PartyBlocks,
    is_address_line,
    is_sender_line,
)
from invoice_engine.layout.document import ALIGNED
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.model import Candidate

LABELLED = 0.82
LEGAL_FORM, LEGAL_FORM_AT_EDGE = 0.4, 0.5
TOP_OF_PAGE, SENDER_LINE, ADDRESS_BLOCK, ADDRESS_AT_FOOT = 0.33, 0.6, 0.5, 0.45
DOMAIN_MATCHES = 0.6
LARGE, SET_LARGE, NEXT_AT_TOP = 1.4, 1.35, 0.7
OF_CUSTOMER = 0.12
HEADER, LOWER_HALF, FOOTER = 0.2, 0.4, 0.85  # shares of the page height
BLOCK_REACH = 8.0  # text heights from a party's label to its name
BLOCK_CELLS = 4
MAX_NAME_WORDS, MAX_NAME = 8, 90
# Legal forms that also stand in the middle of a name, and how many words may follow them there.
FORMS_INSIDE, MAX_BEHIND_FORM = frozenset({"AB", "Oy"}), 2
SHORTEST_PART = 5  # letters of a part that is no mere chance
FREE_MAIL = frozenset({"gmail", "googlemail", "yahoo", "hotmail", "outlook", "gmx", "web", "tonline", "aol", "icloud",
                       "orange", "wanadoo", "free", "libero", "example", "live", "msn", "mail", "proton"})  # fmt: skip

_DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([\w-]{2,40})(?:\.[\w-]+)+", re.IGNORECASE)
_PART_END = re.compile(r"\s+[-–—·•|●]\s+|\s*[·•|●]\s*")
_NO_NAME = re.compile(r"@|www\.|https?:|^\W*\d|^\(|\d{4}|[:=](?:\s|$)")


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
    customers |= {name_key(name) for name, _ in labelled_names(context, "customer")}
    sightings = _with_whole_names(sightings, customers)
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


def _with_whole_names(sightings: list[_Sighting], customers: set[str]) -> list[_Sighting]:
    """The sightings of part of a name, such as a logo has, count for the whole name with its legal form."""
    whole = {one.key: one for one in sightings if with_legal_form(one.name) == one.name and one.key not in customers}
    found = []
    for one in sightings:
        is_part = len(one.key) >= SHORTEST_PART and one.key not in customers and one.key not in whole
        longer = next((name for key, name in whole.items() if is_part and one.key in key), None)
        found.append(replace(one, name=longer.name) if longer else one)
    return found


@lru_cache(maxsize=2000)
def name_key(name: str) -> str:
    """What two spellings of a name have in common: no case, no punctuation, no legal form."""
    whole = match_key(name)
    for form in _squeezed_forms():
        if whole.endswith(form) and len(whole) > len(form) + 2:
            return whole[: -len(form)]
    return whole


@lru_cache(maxsize=1)
def _legal_forms() -> frozenset[str]:
    return frozenset(lexicon().legal_forms)


@lru_cache(maxsize=1)
def _ends_of_legal_forms() -> frozenset[str]:
    """The last words of all legal forms."""
    return frozenset(form.split()[-1] for form in lexicon().legal_forms)


@lru_cache(maxsize=1)
def _squeezed_forms() -> tuple[str, ...]:
    return tuple(sorted({match_key(form) for form in lexicon().legal_forms}, key=len, reverse=True))


def _sightings(context: Context, blocks: PartyBlocks) -> Iterator[_Sighting]:
    for name, cell in labelled_names(context, "supplier"):
        yield _Sighting(name, LABELLED, cell)
    for cell in blocks.sender_lines:
        yield _Sighting(first_name_in(cell.text), SENDER_LINE, cell)
    for cell in context.document.cells:
        if (formed := with_legal_form(_value_in(context, cell))) is not None:
            at_edge = cell.box.top < HEADER or cell.box.top > FOOTER
            yield _Sighting(formed, LEGAL_FORM_AT_EDGE if at_edge else LEGAL_FORM, cell)
    for address, role in blocks.unlabelled:
        line = name_in(address)
        if role == "supplier" and line is not None:
            yield _Sighting(cut_name(line.text), ADDRESS_BLOCK, line)
    for cell in context.document.cells:
        outside = not WINDOW_PAGE_TOP < cell.box.top < LOWER_HALF
        if outside and is_address_line(cell) and is_name(first := first_name_in(cell.text)):
            yield _Sighting(cut_name(first), ADDRESS_AT_FOOT, cell)
    yield from _top_of_page(context, blocks)


def _value_in(context: Context, cell: Cell) -> str:
    """The text of `cell` without the label and colon it begins with."""
    label = context.labels.heads(cell)
    rest = cell.text[label.end :].lstrip() if label else ""
    return rest[1:].lstrip() if rest.startswith(":") else cell.text


def labelled_names(context: Context, role: str) -> Iterator[tuple[str, Cell]]:
    """Names behind, beside or below the labels of a party."""
    for label in context.labels.named(role)[:MAX_BLOCKS]:
        rest = label.cell.text[label.end :].strip(" :()/.*-")
        if not rest or match_key(rest) in lexicon().labels:
            yield from _name_in_block(context, label.cell)
        elif is_name(name := cut_name(rest)):
            yield name, label.cell


def _name_in_block(context: Context, head: Cell) -> Iterator[tuple[str, Cell]]:
    """The first name below or beside the heading of a block; a block of labels has one for the name."""
    below = list(islice(context.document.below(head, BLOCK_REACH), BLOCK_CELLS))
    beside = list(context.document.right_of(head)[:1])
    # A colon points to the right; a heading has its block below, and another block beside it.
    beside_first = head.text.rstrip().endswith(":") or _heads_a_row(context, below)
    for cell in [*beside, *below] if beside_first else [*below, *beside]:
        label = context.labels.heads(cell)
        if (
            label is not None
            and label.name == "name"
            and is_name(name := _value_in(context, cell))
            and name != cell.text
        ):
            yield cut_name(name), cell
            return
        if label is not None and label.name == "name":
            yield from _beside_name_label(context, cell)
            return
        unlabelled = not is_labelled(cell, label) or with_legal_form(cell.text) is not None
        if unlabelled and is_name(cell.text) and not is_salutation(cell.text):
            yield cut_name(cell.text), cell
            return


def _heads_a_row(context: Context, below: list[Cell]) -> bool:
    """Whether the line below a party's label is a label of the document with its value beside it, in rows of such."""
    label = context.labels.heads(below[0]) if below else None
    if label is None or label.name == "name" or label.end < len(below[0].text.rstrip(" :.*")):
        return False
    return ends_party(context, below[0]) and bool(context.document.right_of(below[0]))


def _beside_name_label(context: Context, label: Cell) -> Iterator[tuple[str, Cell]]:
    """The name beside a label of its own; in a table with centred labels it may begin in the line above."""
    for cell in context.document.right_of(label)[:1]:
        above = context.document.lines_on(cell.page)[cell.line - 1].cells if cell.line else ()
        aligned = len(above) == 1 and abs(above[0].box.left - cell.box.left) < ALIGNED
        if aligned and cell.box.top - above[0].box.bottom < context.document.text_height and is_name(above[0].text):
            yield f"{above[0].text} {cut_name(cell.text)}", cell
        elif is_name(cell.text):
            yield cut_name(cell.text), cell


def _top_of_page(context: Context, blocks: PartyBlocks) -> Iterator[_Sighting]:
    """The first name-like text of the page; letterheads are also set larger than the rest."""
    score = TOP_OF_PAGE
    titles = {(title.cell.line, title.cell.box.left) for title in context.titles}
    for line in context.document.lines_on(0)[:6]:
        for cell in line.cells:
            known = is_labelled(cell, context.labels.heads(cell)) or (cell.line, cell.box.left) in titles
            if known or cell.box.top > HEADER or not is_name(cell.text) or is_sender_line(cell):
                continue
            if blocks.owner(cell) == "customer":
                continue
            large = cell.box.bottom - cell.box.top > LARGE * context.document.text_height
            yield _Sighting(cut_name(cell.text), score * (SET_LARGE if large else 1.0), cell)
            score *= NEXT_AT_TOP


def name_in(address: Address) -> Cell | None:
    """The line of an address that has the name."""
    return next((cell for cell in address.body if is_name(cell.text) and not is_salutation(cell.text)), None)


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


def first_name_in(line: str) -> str:
    """The first part of a line of an address; a comma before its legal form does not end it."""
    first = SEPARATOR.split(line)[0].strip()
    whole = with_legal_form(line)
    return whole if whole and name_key(whole) == name_key(first) else first


def cut_name(text: str) -> str:
    """The name alone: up to the end of its legal form, or to the first separator."""
    return with_legal_form(text) or SEPARATOR.split(text)[0].strip(" ,;:")


def with_legal_form(text: str) -> str | None:
    """The part of `text` that ends in a legal form, if it is short enough to be a name."""
    if len(text.split()) < 2:
        return None  # a legal form has a name before it
    words = _PART_END.split(text, maxsplit=1)[0].split()
    forms, ends = _legal_forms(), _ends_of_legal_forms()
    for end in range(min(len(words), MAX_NAME_WORDS), 1, -1):
        if words[end - 1].rstrip(",") not in ends:
            continue
        tail = [" ".join(words[start:end]).rstrip(",") for start in range(max(1, end - 5), end)]
        if any(one in forms for one in tail) and not _is_county(words[:end]):
            name = " ".join(words[: _end_of_name(words, end)]).strip(" ,;:")
            return name if is_name(name) else None
    return None


def _is_county(words: list[str]) -> bool:
    """Whether the last of `words` is the "Co." of an Irish address, which follows the comma of its town."""
    return words[-1] == "Co." and words[-2].endswith(",")


def _end_of_name(words: list[str], end: int) -> int:
    """Where a name ends whose legal form is before word `end`: "Fastighets AB Name" has it in the middle."""
    rest = words[end:]
    inside = end == 2 and words[1] in FORMS_INSIDE and 0 < len(rest) <= MAX_BEHIND_FORM
    return len(words) if inside and all(word.isalpha() and word[0].isupper() for word in rest) else end


def _domains(context: Context, blocks: PartyBlocks) -> set[str]:
    """Second-level domains of addresses printed outside the customer's block."""
    found: set[str] = set()
    for cell in context.document.cells:
        domains = {match_key(match[1]) for match in _DOMAIN.finditer(cell.text)}
        if domains and blocks.owner(cell) != "customer":
            found |= domains
    return {domain for domain in found if len(domain) >= 3 and domain not in FREE_MAIL}


def _matches(key: str, domain: str) -> bool:
    return (domain in key or key in domain) and min(len(key), len(domain)) >= 4
