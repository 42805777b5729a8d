"""American, on letter paper: the amount due at the top, a striped table, sales tax and no IBAN."""

from reportlab.lib.pagesizes import LETTER

from samples.drawing import GREY, Column, Sheet
from samples.layouts.common import cells, figure, heading, written
from samples.model import Invoice, given

PURPLE = "#5b2a86"
LILAC = "#f1eaf7"
COLUMNS = (
    Column("SKU", 22),
    Column("Description", 48),
    Column("Qty", 132, "right"),
    Column("Rate", 160, "right"),
    Column("Amount", 192, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name, size=LETTER)
    _letterhead(sheet, invoice)
    _amount_due(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below + 9)
    _notes(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    sheet.shape([(19, 28), (26, 14), (33, 28), (26, 24)], fill=PURPLE)
    sheet.text(37, 20, supplier.name, size=15, bold=True, colour=PURPLE)
    place = f"{supplier.street}, {supplier.city}, {supplier.postcode}"
    sheet.text(37, 25.5, f"{place}  |  {supplier.phone}", size=8, colour=GREY)


def _amount_due(sheet: Sheet, invoice: Invoice) -> None:
    sheet.box(19, 38, 177, 24, fill=LILAC)
    sheet.text(25, 46, "Amount due (USD)", size=9, colour=GREY)
    sheet.text(25, 56, f"${figure(invoice, invoice.total)}", size=21, bold=True, colour=PURPLE)
    sheet.text(190, 46, "Due date", size=9, colour=GREY, align="right")
    due = written(invoice, given(invoice.due_date))
    sheet.text(190, 55, due, size=13, bold=True, align="right")


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    customer = invoice.customer
    sheet.text(19, 74, "Bill to", bold=True, colour=PURPLE)
    sheet.paragraph(19, 80, (customer.name, customer.street, f"{customer.city}, {customer.postcode}"))
    facts = (
        ("Invoice #", invoice.number),
        ("Invoice date", written(invoice, invoice.issue_date)),
        ("P.O. number", given(invoice.purchase_order)),
        ("Terms", "Net 30"),
    )
    for position, (label, value) in enumerate(facts):
        y = 74 + 5.6 * position
        sheet.text(132, y, label, bold=True, colour=PURPLE)
        sheet.text(158, y, value)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    heading(sheet, COLUMNS, 108, colour=PURPLE)
    y = 111.0
    for position, line in enumerate(invoice.lines):
        if position % 2 == 0:
            sheet.box(19, y, 177, 8, fill=LILAC)
        cell = cells(invoice, line)
        texts = (cell["code"], cell["description"], cell["quantity"], cell["price"], cell["net"])
        sheet.row(COLUMNS, texts, y + 5.3)
        y += 8
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sums = [("Subtotal", invoice.subtotal)]
    sums += [(f"Sales tax ({figure(invoice, tax.rate)}%)", tax.amount) for tax in invoice.taxes]
    for label, value in sums:
        sheet.text(132, y, label)
        sheet.text(192, y, f"${figure(invoice, value)}", align="right")
        y += 6.5
    sheet.rule(132, y - 4, 60, weight=1, colour=PURPLE)
    sheet.text(132, y + 1.5, "Total", size=11, bold=True)
    sheet.text(192, y + 1.5, f"${figure(invoice, invoice.total)}", size=11, bold=True, align="right")


def _notes(sheet: Sheet, invoice: Invoice) -> None:
    sheet.text(19, 232, "Notes", bold=True, colour=PURPLE)
    notes = (
        f"Make checks payable to {invoice.supplier.name} and write {invoice.number} on the memo line.",
        f"Questions? {invoice.supplier.email}",
    )
    sheet.paragraph(19, 238, notes, size=8.5)
    sheet.text(108, 266, "Thank you for lighting up with us!", size=8.5, colour=GREY, align="centre")
