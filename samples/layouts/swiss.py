"""Swiss: labels right of their values, apostrophes between thousands, totals in the rows of the table."""

from samples.drawing import GREY, INK, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

RED = "#c8102e"
COLUMNS = (
    Column("Anzahl", 34, "right"),
    Column("Leistung", 42),
    Column("Ansatz", 136, "right"),
    Column("MWST", 156, "right"),
    Column("CHF", 190, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _letterhead(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below)
    _payment_part(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    sheet.circle(27, 22, 7, fill=RED)
    sheet.circle(27, 22, 5.8, fill="#ffffff")
    sheet.box(26.6, 17.5, 0.8, 5, fill=INK)
    sheet.box(26.6, 21.7, 4, 0.8, fill=INK)
    sheet.text(38, 21, invoice.supplier.name, size=12, bold=True)
    sheet.text(38, 26, ", ".join(address(invoice.supplier)[1:]), size=8.5, colour=GREY)
    sheet.paragraph(122, 52, address(invoice.customer), size=10.5, leading=5.2)
    sheet.text(20, 84, "Rechnung", size=20, bold=True)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    vat_number = given(invoice.supplier.vat_number)
    # The Swiss number is customarily written CHE-123.456.789 MWST.
    groups = grouped(vat_number[3:12], 3).replace(" ", ".")
    facts = (
        (invoice.number, "Rechnungsnummer"),
        (written(invoice, invoice.issue_date), "Rechnungsdatum"),
        (written(invoice, given(invoice.due_date)), "zahlbar bis"),
        (f"CHE-{groups} {vat_number[12:]}", "MWST-Nummer"),
    )
    for position, (value, label) in enumerate(facts):
        y = 94 + 5.4 * position
        sheet.text(62, y, value, size=9.5, bold=True, align="right")
        sheet.text(66, y, label, size=8.5, colour=GREY)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    heading(sheet, COLUMNS, 128, size=8.5, colour=RED)
    sheet.rule(20, 130.5, 170, weight=0.8, colour=RED)
    y = 137.0
    for line in invoice.lines:
        cell = cells(invoice, line)
        texts = (cell["quantity"], cell["description"], cell["price"], f"{cell['rate']} %", cell["net"])
        sheet.row(COLUMNS, texts, y)
        y += 7
    sheet.rule(20, y - 3, 170, weight=0.3, colour=GREY)
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    y += 2
    sums = [("Zwischentotal exkl. MWST", invoice.subtotal)]
    for tax in invoice.taxes:
        label = f"MWST {figure(invoice, tax.rate)} % auf {figure(invoice, tax.base)}"
        sums.append((label, tax.amount))
    for label, value in sums:
        sheet.text(42, y, label)
        sheet.text(190, y, figure(invoice, value), align="right")
        y += 6
    sheet.rule(20, y - 3, 170, weight=0.8, colour=RED)
    sheet.text(42, y + 2.5, "Rechnungstotal inkl. MWST", size=10.5, bold=True)
    total = f"{invoice.currency} {figure(invoice, invoice.total)}"
    sheet.text(190, y + 2.5, total, size=10.5, bold=True, align="right")


def _payment_part(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    sheet.rule(0, 232, 210, weight=0.4, colour=GREY)
    sheet.text(20, 241, "Zahlteil", size=11, bold=True)
    sheet.text(20, 248, "Konto / Zahlbar an", size=7.5, bold=True)
    sheet.paragraph(20, 252.5, (grouped(given(supplier.iban), 4), *address(supplier)))
    sheet.text(95, 248, "Währung", size=7.5, bold=True)
    sheet.text(95, 252.5, invoice.currency)
    sheet.text(115, 248, "Betrag", size=7.5, bold=True)
    sheet.text(115, 252.5, figure(invoice, invoice.total))
    sheet.text(150, 248, "Referenz", size=7.5, bold=True)
    sheet.text(150, 252.5, given(invoice.payment_reference))
    sheet.text(95, 262, "Fragen zur Rechnung", size=7.5, bold=True)
    sheet.text(95, 266.5, given(supplier.email))
