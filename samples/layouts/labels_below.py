"""Dutch: values with their labels underneath, and the totals at the left below the table."""

from samples.drawing import GREY, INK, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given

ORANGE = "#d9622b"
COLUMNS = (
    Column("Aantal", 30, "right"),
    Column("Omschrijving", 37),
    Column("Prijs", 130, "right"),
    Column("Btw", 150, "right"),
    Column("Bedrag", 190, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _letterhead(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below + 7)
    _footer(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    for x in (27, 44):
        sheet.circle(x, 25, 7, fill=ORANGE)
        sheet.circle(x, 25, 5.4, fill="#ffffff")
    sheet.shape([(26.5, 25), (33, 15.6), (34.2, 16.2), (27.7, 25.6)], fill="#33373d")
    sheet.shape([(32.5, 17.2), (43.6, 25.6), (44.4, 24.6), (33.3, 16.2)], fill="#33373d")
    sheet.text(190, 20, invoice.supplier.name, size=13, bold=True, align="right")
    reach = (*address(invoice.supplier)[1:], given(invoice.supplier.email))
    sheet.paragraph(190, 25.5, reach, colour=GREY, align="right")
    sheet.text(20, 58, "Factuur", size=26, bold=True, colour=ORANGE)
    sheet.paragraph(122, 51, ("Aan:", *address(invoice.customer)), size=10, leading=5)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    facts = (
        (invoice.number, "Factuurnummer"),
        (written(invoice, invoice.issue_date), "Factuurdatum"),
        (written(invoice, given(invoice.due_date)), "Vervaldatum"),
    )
    for position, (value, label) in enumerate(facts):
        x = 20 + 60 * position
        sheet.text(x, 86, value, size=12, bold=True)
        sheet.rule(x, 88, 50, weight=0.4, colour=ORANGE)
        sheet.text(x, 92, label, size=7.5, colour=GREY)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    heading(sheet, COLUMNS, 108, size=8.5, colour=INK)
    sheet.rule(20, 110.5, 170, weight=1, colour=ORANGE)
    y = 117.0
    for line in invoice.lines:
        cell = cells(invoice, line)
        texts = (cell["quantity"], cell["description"], f"€ {cell['price']}", f"{cell['rate']}%")
        sheet.row(COLUMNS, [*texts, f"€ {cell['net']}"], y, size=9.5)
        y += 7.5
    sheet.rule(20, y - 3, 170, weight=1, colour=ORANGE)
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sums = [("Subtotaal excl. btw", invoice.subtotal)]
    for tax in invoice.taxes:
        label = f"Btw {figure(invoice, tax.rate)}% over € {figure(invoice, tax.base)}"
        sums.append((label, tax.amount))
    for label, value in sums:
        sheet.text(20, y, label)
        sheet.text(95, y, f"€ {figure(invoice, value)}", align="right")
        y += 6
    sheet.rule(20, y - 3, 75, weight=0.4)
    sheet.text(20, y + 3, "Totaal te betalen", size=12, bold=True)
    sheet.text(95, y + 3, f"€ {figure(invoice, invoice.total)}", size=12, bold=True, align="right")


def _footer(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    facts = (
        (given(supplier.iban), "IBAN"),
        (given(supplier.vat_number), "Btw-nummer"),
        (given(supplier.registration), "KvK-nummer"),
    )
    sheet.box(0, 262, 210, 35, fill="#f6ece6")
    for position, (value, label) in enumerate(facts):
        sheet.text(20 + 64 * position, 275, value, size=9.5, bold=True)
        sheet.text(20 + 64 * position, 279.5, label, size=7.5, colour=GREY)
