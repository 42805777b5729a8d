"""Decide whether a document is a till receipt: one narrow column, and words that only tills print."""

from statistics import median

from invoice_engine.fields.context import Context
from invoice_engine.fields.receipts.issue_dates import has_time
from invoice_engine.fields.receipts.phrases import word_hits
from invoice_engine.fields.receipts.rows import Row
from invoice_engine.layout.document import Document
from invoice_engine.read.words import Page

# A till prints 24 to 48 characters to the line, an A4 page 80 and more; large headings and OCR blur the figure.
NARROW, RATHER_NARROW, WIDE = 50.0, 60.0, 75.0
ENOUGH = 2.5
MOST_PAGES, MANY_LINES = 2, 15
MAX_LINES = 150
FEWEST_LETTERS = 4
# Words of invoices that tills do not print.
INVOICE_LABELS = ("due_date", "iban", "customer_vat", "payment_reference", "purchase_order", "customer")


def is_narrow(document: Document) -> bool:
    """Whether the document may be a receipt by its shape."""
    return 0 < len(document.pages) <= MOST_PAGES and 0 < characters_across(document.pages[0]) <= WIDE


def is_receipt(context: Context, rows: list[Row]) -> bool:
    """Whether the words of a narrow document are those of a till receipt."""
    width = characters_across(context.document.pages[0])
    roles = {row.role for row in rows if row.amounts or row.whole}
    evidence = 1.0 if width <= RATHER_NARROW else 0.0
    # A few narrow lines may be a short letter; many are a roll of paper.
    evidence += 1.0 if width <= NARROW and len(rows) >= MANY_LINES else 0.0
    evidence += 1.5 * ("change" in roles) + 1.0 * ("tender" in roles) + 0.5 * ("rounding" in roles)
    evidence += 0.5 * bool({"total", "payable", "part"} & roles) + 0.5 * ("count" in roles)
    evidence += min(2.0, 0.7 * len(_till_words(rows)))
    evidence += 0.5 if any(has_time(row.cell.text) for row in rows) else 0.0
    evidence -= min(2.0, 0.7 * sum(_is_labelled(context, name) for name in INVOICE_LABELS))
    return evidence >= ENOUGH


def _is_labelled(context: Context, name: str) -> bool:
    """Whether there is a label of `name` that is no mere abbreviation, as items and OCR are full of."""
    return any(label.end - label.start >= FEWEST_LETTERS for label in context.labels.named(name))


def characters_across(page: Page) -> float:
    """How many characters of the usual width fit side by side into the printed part of the page.

    A few words at the edges, as the background of a photo adds them, do not count.
    """
    words = [word for word in page.words if len(word.text) >= 3]
    if not words:
        return 0.0
    usual = median((word.box.right - word.box.left) / len(word.text) for word in words)
    lefts, rights = sorted(word.box.left for word in words), sorted(word.box.right for word in words)
    edge = len(words) // 25
    return (rights[-1 - edge] - lefts[edge]) / max(usual, 1e-6)


def _till_words(rows: list[Row]) -> set[str]:
    found: set[str] = set()
    for row in rows[:MAX_LINES]:
        text = row.cell.text
        found.update(text[hit.start : hit.end].casefold() for hit in word_hits(text, "till"))
    return found
