"""The supplier of a receipt: which of the first lines is a name, and how surely."""

from collections.abc import Iterator

from invoice_engine.fields.context import Context
from invoice_engine.fields.receipts.names import Name, goes_on, is_address, is_heading, is_in_trade, likeness, name_in
from invoice_engine.fields.receipts.rows import Row
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import match_key
from invoice_engine.model import Candidate

# How surely a name among the first lines is the supplier's, and what each finding takes from the doubt.
AT_TOP, WITH_FORM, IN_TRADE, ABOVE_ADDRESS, SET_LARGE = 0.35, 0.65, 0.4, 0.3, 0.25
PRINTED_AGAIN, IN_DOMAIN = 0.4, 0.4
NEXT_LINE = 0.8  # each name further down
BELOW_ADDRESS = 0.35  # where the customer is named, if anybody is
LINES, LOWEST = 14, 0.5  # the head of a receipt: so many lines, in this share of the page
ADDRESS_REACH = 3  # lines from a name to its address
ADDRESS_LETTERS = 10  # an address has this many; less may be dirt
LARGE = 1.35  # times the usual height of a line
FEWEST_LETTERS_AGAIN = 5


def receipt_suppliers(context: Context, rows: list[Row]) -> list[Candidate]:
    """Candidates for the name, at most one per line of the head."""
    head = _head(rows)
    rest = match_key(" ".join(row.cell.text for row in rows[len(head) :]))
    web = match_key(" ".join(text for text in context.document.texts if "www" in text.casefold() or "@" in text))
    place, found = 1.0, []
    for index, name in _names(head):
        doubt = 1 - AT_TOP
        doubt *= 1 - WITH_FORM if name.has_form else 1.0
        doubt *= 1 - IN_TRADE if is_in_trade(name.text) else 1.0
        doubt *= 1 - ABOVE_ADDRESS if _address_letters(head[index + 1 : index + 1 + ADDRESS_REACH]) else 1.0
        doubt *= 1 - SET_LARGE if _height(name.cell) > LARGE * context.document.text_height else 1.0
        doubt *= 1 - PRINTED_AGAIN if _occurs(match_key(name.text), rest) else 1.0
        doubt *= 1 - IN_DOMAIN if _occurs(match_key(name.text.split()[0]), web) else 1.0
        below = _address_letters(head[:index]) >= ADDRESS_LETTERS
        score = (1 - doubt) * place * likeness(name) * (BELOW_ADDRESS if below else 1.0)
        found.append(Candidate(name.text, score, name.cell.page, name.cell.box))
        place *= NEXT_LINE
    return found


def _head(rows: list[Row]) -> list[Row]:
    """The first lines, down to the first amount."""
    head: list[Row] = []
    for row in rows[:LINES]:
        if row.amounts or row.cell.page or row.cell.box.top > LOWEST:
            break
        head.append(row)
    return head


def _names(head: list[Row]) -> Iterator[tuple[int, Name]]:
    """The lines that may be names, with their index; one that goes on in the next line together with it."""
    widest = max((row.cell.box.right - row.cell.box.left for row in head), default=0.0)
    taken = -1
    for index, row in enumerate(head):
        name = None if index <= taken or is_heading(row.cell.text) or is_address(row.cell.text) else name_in(row.cell)
        if name is None:
            continue
        following = name_in(head[index + 1].cell, may_be_form=True) if index + 1 < len(head) else None
        if following is not None and goes_on(name, following, widest):
            cell = Cell((*name.cell.words, *following.cell.words), name.cell.page, name.cell.line)
            name, taken = Name(cell, f"{name.text} {following.text}", has_form=True), index + 1
        # Words of amounts are in notices ("points", "voucher") and in the headings of columns.
        if name.has_own_word and (row.role is None or name.has_form or is_in_trade(name.text)):
            yield index, name


def _address_letters(rows: list[Row]) -> int:
    return sum(sum(map(str.isalpha, row.cell.text)) for row in rows if is_address(row.cell.text))


def _height(cell: Cell) -> float:
    return cell.box.bottom - cell.box.top


def _occurs(key: str, text: str) -> bool:
    return len(key) >= FEWEST_LETTERS_AGAIN and key in text
