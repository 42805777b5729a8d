"""Where the parties are: the address around a party's name, and the country that the page gives away."""

import re
from collections.abc import Iterator
from itertools import islice

from invoice_engine.fields.accounts import country_of_vat
from invoice_engine.fields.addresses import POSTAL_CODE, is_labelled, is_salutation
from invoice_engine.fields.context import Context
from invoice_engine.fields.dates import US_STATES
from invoice_engine.fields.labels import Label
from invoice_engine.fields.party_blocks import PartyBlocks, Role
from invoice_engine.fields.supplier import name_key
from invoice_engine.layout.document import ALIGNED
from invoice_engine.layout.lines import Cell, box_of
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.model import Candidate, Field, Party

BELOW_NAME, BEHIND_NAME, OF_BLOCK = 0.8, 0.75, 0.65
BY_NAME, BY_CODE, BY_VAT, BY_REGISTER = 0.9, 0.75, 0.85, 0.8
REACH, GAP = 8.0, 1.8  # text heights below a name, and between two lines of an address
MAX_NAMES, MAX_PARTS, MAX_LINES, LONGEST = 6, 6, 9, 140
LONGEST_COUNTRY, MAX_COUNTRY_LINE = 4, 7  # words
# Parts of a line that stand for lines of their own.
_PARTS = re.compile(r"\s+[-–—|*]\s+|\s*[·•|●]\s*|,\s+(?=[^\W\d_]*\s?\d)")
_NO_ADDRESS = re.compile(r"@|www\.|https?:|\+\d{2}|^\(?0\d[\d\s/()-]{6,}$|[:=]", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?=\S*\d{5})[A-Z]{0,3}[-\d./]{6,}[A-Z]?")
# Codes before a postal code, where they are not those of ISO 3166.
_PREFIXES = {
    "A": "AT", "B": "BE", "D": "DE", "E": "ES", "F": "FR", "I": "IT", "L": "LU", "N": "NO", "P": "PT", "S": "SE",
}  # fmt: skip
_PREFIXED = re.compile(r"(?:([A-Z]{1,2})-|([A-Z]{2})\s)\d{2,5}(?:[ -]\d{2,4})?\s+[^\W\d_]{2}")
# Postal codes that only one country writes like this.
_SHAPES = (
    ("GB", re.compile(r"\b(?!(?:JE|GY|IM)\d)[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}$")),
    ("CA", re.compile(r"\b[A-Z]\d[A-Z]\s?\d[A-Z]\d$")),
    ("NL", re.compile(r"^\d{4}\s?[A-Z]{2}\s+[^\W\d_]{2}")),
    ("PT", re.compile(r"^\d{4}-\d{3}\s+[^\W\d_]{2}")),
    ("PL", re.compile(r"^\d{2}-\d{3}\s+[^\W\d_]{2}")),
    ("US", re.compile(rf",\s(?:{US_STATES})\s\d{{5}}(?:-\d{{4}})?$")),
    ("AU", re.compile(r"\b(?:NSW|VIC|QLD|TAS|ACT)\s+\d{4}$")),
)  # fmt: skip


def addresses_of(context: Context, blocks: PartyBlocks, role: Role, name: Field) -> list[Candidate]:
    """Street, postal code, town and, where printed, country, joined with commas, below or behind the party's name."""
    found = []
    for cell in _named_cells(context, blocks, role, str(name.value or "")):
        parts = _behind(cell, str(name.value))
        if address := _address_of(parts):
            found.append(_candidate(address, BEHIND_NAME))
        elif address := _address_of(_parts_of(context, _lines_below(context, cell))):
            found.append(_candidate(address, BELOW_NAME))
    if not found:
        owned = (block for block, owner in blocks.unlabelled if owner == role)
        for block in owned:
            if address := _address_of(_parts_of(context, list(block.body[1:]))):
                found.append(_candidate(address, OF_BLOCK))
    return found


def countries_of(context: Context, blocks: PartyBlocks, role: Role, party: Party) -> list[Candidate]:
    """The country (ISO 3166 alpha-2) that the party's address names, or else its VAT number, register or postal code.

    Where only the postal code says it, one country alone writes it so.
    """
    found = []
    parts = str(party.address.value or "").split(", ")
    chosen = party.address.chosen
    if chosen and (named := _named_at_end(parts[-1]) or _prefix_in(parts)):
        found.append(Candidate(named, BY_NAME, chosen.page, chosen.box))
    number = party.vat_number.chosen
    by_vat = country_of_vat(str(number.value)) if number else None
    if by_vat and number:
        found.append(Candidate(by_vat, BY_VAT, number.page, number.box, "derived"))
    if role == "supplier":
        found += _by_register(context, blocks)
    found = found or _named_below(context, blocks, role, party.name)
    if chosen and not found and (coded := _country_by_shape(parts)):
        found.append(Candidate(coded, BY_CODE, chosen.page, chosen.box, "derived"))
    return found[:1]


def _named_below(context: Context, blocks: PartyBlocks, role: Role, name: Field) -> list[Candidate]:
    """A country that ends a line of the block below the party's name."""
    for cell in _named_cells(context, blocks, role, str(name.value or "")):
        for line in _lines_below(context, cell):
            country = _named_at_end(line.text)
            if country and len(line.words) <= MAX_COUNTRY_LINE:
                return [Candidate(country, BY_NAME, line.page, line.box)]
    return []


def _by_register(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """The country whose register the numbers outside the customer's block are labelled with."""
    found = {}
    for label in context.labels.named("vat_number", "tax_number"):
        country = lexicon().registers.get(match_key(label.cell.text[label.start : label.end]))
        if country and blocks.owner(label.cell) != "customer":
            found[country] = Candidate(country, BY_REGISTER, label.cell.page, label.box, "derived")
    return list(found.values()) if len(found) == 1 else []


def _named_at_end(line: str) -> str | None:
    """The country that the last words of a line of an address name."""
    words = line.rsplit(",", 1)[-1].split()
    tails = (match_key("".join(words[-count:])) for count in range(min(len(words), LONGEST_COUNTRY), 0, -1))
    return next((lexicon().countries[tail] for tail in tails if tail in lexicon().countries), None)


def _prefix_in(parts: list[str]) -> str | None:
    """The country whose sign stands before the postal code, as in "D-01234 Town"."""
    for match in filter(None, map(_PREFIXED.match, parts)):
        code = _PREFIXES.get(match[1] or match[2], match[1] or match[2])
        return code if code in lexicon().country_currency else None
    return None


def _country_by_shape(parts: list[str]) -> str | None:
    """The only country that writes postal codes like the one in these lines."""
    tails = (", ".join(parts[index:]) for index in range(len(parts)))
    return next((country for tail in tails for country, shape in _SHAPES if shape.search(tail)), None)


def _named_cells(context: Context, blocks: PartyBlocks, role: Role, name: str) -> Iterator[Cell]:
    """The cells that begin with the party's name, and are not in the block of the other one."""
    key = name_key(name)
    if len(key) < 2:
        return
    first = name.split(maxsplit=1)[0].casefold()
    other = "customer" if role == "supplier" else "supplier"
    like = (cell for cell in context.document.cells if first in cell.text.casefold())
    named = (cell for cell in like if key in match_key(cell.text[: 2 * len(name)]) and blocks.owner(cell) != other)
    yield from islice(named, MAX_NAMES)


def _behind(cell: Cell, name: str) -> list[tuple[str, Cell]]:
    """The parts of a line that a name begins."""
    start = cell.text.casefold().find(name.casefold())
    rest = cell.text[start + len(name) :] if start >= 0 else ""
    if not rest.strip():
        return []
    return list(_kept(cell, rest.strip(" ,;-–—|·•")))


def _lines_below(context: Context, cell: Cell) -> list[Cell]:
    """The lines of the block below `cell`, aligned with it at an edge or in the middle."""
    lines: list[Cell] = []
    last = cell
    for below in context.document.below(cell, REACH):
        edges = (
            abs(below.box.left - cell.box.left),
            abs(below.box.right - cell.box.right),
            abs((below.box.left + below.box.right - cell.box.left - cell.box.right) / 2),
        )
        if min(edges) >= ALIGNED:
            continue
        height = max(last.box.bottom - last.box.top, context.document.text_height)
        if below.box.top - last.box.bottom > GAP * height or len(lines) >= MAX_LINES:
            break
        if lines and is_salutation(below.text):  # the address of somebody else begins
            break
        lines.append(below)
        last = below
    return lines


def _parts_of(context: Context, cells: list[Cell]) -> list[tuple[str, Cell]]:
    """The parts of an address block, up to the first line that is something else."""
    parts: list[tuple[str, Cell]] = []
    for cell in cells:
        head = context.labels.heads(cell)
        if head is not None and _is_of_something_else(cell, head) and match_key(cell.text) not in lexicon().countries:
            if parts:
                break
            continue
        parts.extend(_kept(cell, cell.text))
    return parts


def _is_of_something_else(cell: Cell, head: Label) -> bool:
    """Whether `cell` is a label with its value, and no street that begins with such a word, as in "Via Roma 1"."""
    rest = cell.text[head.end :].strip()
    return is_labelled(cell, head) and not (head.name == "other" and rest[:1].isalpha())


def _kept(cell: Cell, text: str) -> Iterator[tuple[str, Cell]]:
    """The parts of `text` that may belong to an address."""
    for part in _PARTS.split(text):
        stripped = part.strip(" ,;")
        if not stripped or is_salutation(stripped) or _IDENTIFIER.fullmatch(stripped):
            continue
        if _NO_ADDRESS.search(stripped) or _is_label(stripped):
            return
        yield stripped, cell


def _is_label(part: str) -> bool:
    """Whether a part of a line begins with a word for other data, such as a telephone number."""
    words = part.split()
    meaning = lexicon().labels.get(match_key(words[0]))
    if meaning is None or meaning.name == "column" or POSTAL_CODE.search(part):
        return False
    of_street = meaning.name == "other" and len(words) > 1 and words[1][0].isalpha()
    return not of_street and any(map(str.isdigit, part))


def _address_of(parts: list[tuple[str, Cell]]) -> list[tuple[str, Cell]]:
    """From the street to the town with its postal code, and the country if it comes next; empty when none is there."""
    coded = [index for index, (part, _) in enumerate(parts) if POSTAL_CODE.search(f" {part}")]
    if not coded:
        return []
    end = coded[-1]
    street = next((index for index in range(end) if any(map(str.isdigit, parts[index][0]))), None)
    # Houses have names instead of numbers where postal codes are as precise as those of Britain.
    by_name = 0 if _country_by_shape([parts[end][0]]) == "GB" else max(end - 1, 0)
    start = by_name if street is None else street
    if start and not any(map(str.isalpha, parts[start][0])):
        start -= 1  # the number of a house whose street is in the line before
    found = parts[start : end + 1]
    if end + 1 < len(parts) and match_key(parts[end + 1][0]) in lexicon().countries:
        found.append(parts[end + 1])
    whole = ", ".join(part for part, _ in found)
    alone = start == end and not _has_street(parts[end][0])
    return [] if len(found) > MAX_PARTS or len(whole) > LONGEST or alone else found


def _has_street(part: str) -> bool:
    """Whether a part with a postal code has a street before it."""
    match = POSTAL_CODE.search(part)
    return match is not None and any(map(str.isdigit, part[: match.start()]))


def _candidate(address: list[tuple[str, Cell]], score: float) -> Candidate:
    cells = list(dict.fromkeys(cell for _, cell in address))
    box = box_of(tuple(word for cell in cells for word in cell.words))
    return Candidate(", ".join(part for part, _ in address), score, cells[0].page, box)
