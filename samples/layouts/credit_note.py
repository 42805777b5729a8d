"""Irish credit note in a serif face: it names the invoice it corrects and has no due date."""

from samples.drawing import GREY, INK, Column, Sheet
from samples.layouts.common import cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

WINE = "#7a1f3d"
COLUMNS = (
    Column("Description", 25),
    Column("Quantity", 120, "right"),
    Column("Unit price", 150, "right"),
    Column("Net amount", 185, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name, face="Times")
    _letterhead(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below + 4)
    _footer(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    supplier, customer = invoice.supplier, invoice.customer
    for step in range(3):
        sheet.box(101 - 3 * step, 14 + 4 * step, 8 + 6 * step, 2.4, fill=WINE)
    sheet.text(105, 35, supplier.name, size=20, bold=True, colour=WINE, align="centre")
    place = f"{supplier.street}, {supplier.city}, {supplier.postcode}, Ireland"
    sheet.text(105, 41, place, size=9.5, colour=GREY, align="centre")
    sheet.rule(25, 46, 160, weight=0.5, colour=WINE)
    sheet.rule(25, 47, 160, weight=0.5, colour=WINE)
    sheet.text(25, 62, "CREDIT NOTE", size=20, bold=True)
    theirs = (customer.name, customer.street, f"{customer.city}, {customer.postcode}")
    sheet.paragraph(25, 73, theirs, size=11, leading=5.2)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    corrected, corrected_on = given(invoice.corrects)
    facts = (
        ("Credit note no.", invoice.number),
        ("Date", written(invoice, invoice.issue_date)),
        ("Our invoice", corrected),
        ("dated", written(invoice, corrected_on)),
    )
    for position, (label, value) in enumerate(facts):
        y = 62 + 5.6 * position
        sheet.text(150, y, label, size=10, colour=GREY, align="right")
        sheet.text(153, y, value, size=10, bold=position == 0)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    sheet.rule(25, 104, 160, weight=1)
    heading(sheet, COLUMNS, 109.5, size=10, colour=INK)
    sheet.rule(25, 112, 160, weight=0.4)
    y = 119.0
    for line in invoice.lines:
        cell = cells(invoice, line)
        texts = (cell["description"], cell["quantity"], cell["price"], cell["net"])
        sheet.row(COLUMNS, texts, y, size=10.5)
        y += 7.5
    sheet.rule(25, y - 3, 160, weight=1)
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sums = [("Net amount", invoice.subtotal)]
    sums += [(f"VAT at {figure(invoice, tax.rate)}%", tax.amount) for tax in invoice.taxes]
    for label, value in sums:
        sheet.text(120, y, label, size=10.5)
        sheet.text(185, y, f"€{figure(invoice, value)}", size=10.5, align="right")
        y += 6.5
    sheet.rule(120, y - 4, 65, weight=0.4)
    sheet.text(120, y + 1.5, "Total credit", size=12.5, bold=True)
    sheet.text(185, y + 1.5, f"€{figure(invoice, invoice.total)}", size=12.5, bold=True, align="right")
    note = "We have credited this amount to your account. Nothing is payable."
    sheet.text(25, y + 22, note, size=10.5)


def _footer(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    sheet.rule(25, 268, 160, weight=0.5, colour=WINE)
    lines = (
        f"VAT No. {supplier.vat_number}   ·   {supplier.email}",
        f"IBAN {grouped(given(supplier.iban), 4)}   ·   BIC {supplier.bic}",
    )
    sheet.paragraph(105, 273.5, lines, size=9, colour=GREY, align="centre")
