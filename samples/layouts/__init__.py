"""Nine ways to lay out an invoice, one module each. Positions are millimetres from the top left."""

from collections.abc import Callable

from samples.layouts import (
    amount_first,
    classic,
    credit_note,
    labels_below,
    sidebar,
    swiss,
    two_columns,
    two_pages,
    window_letter,
)
from samples.model import Invoice

LAYOUTS: dict[str, Callable[[Invoice], bytes]] = {
    "amount_first": amount_first.draw,
    "classic": classic.draw,
    "credit_note": credit_note.draw,
    "labels_below": labels_below.draw,
    "sidebar": sidebar.draw,
    "swiss": swiss.draw,
    "two_columns": two_columns.draw,
    "two_pages": two_pages.draw,
    "window_letter": window_letter.draw,
}
