"""Austrian: everything about the supplier in a coloured bar at the left, the invoice itself beside it."""

from samples.drawing import GREY, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

PINE = "#2f4b3c"
MINT = "#cfe3d6"
UNITS = {"C62": "Stk", "KGM": "kg"}
COLUMNS = (
    Column("Artikel", 68),
    Column("Menge", 134, "right"),
    Column("Preis", 153, "right"),
    Column("USt", 167, "right"),
    Column("Betrag", 195, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _bar(sheet, invoice)
    _head(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below + 8)
    return sheet.finish()


def _bar(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    sheet.box(0, 0, 58, 297, fill=PINE)
    sheet.shape([(10, 40), (22, 20), (34, 40)], fill=MINT)
    sheet.shape([(26, 40), (35, 26), (44, 40)], fill="#8fb8a0")
    sheet.text(8, 52, supplier.name, size=11, bold=True, colour="#ffffff")
    blocks = (
        ("Anschrift", address(supplier)[1:]),
        ("Kontakt", (given(supplier.contact), given(supplier.phone), given(supplier.email))),
        ("UID-Nummer", (given(supplier.vat_number),)),
        ("Firmenbuch", (given(supplier.registration),)),
        ("IBAN", (grouped(given(supplier.iban), 4),)),
        ("BIC", (given(supplier.bic),)),
    )
    y = 64.0
    for title, lines in blocks:
        sheet.text(8, y, title, size=7.5, bold=True, colour="#8fb8a0")
        y = sheet.paragraph(8, y + 4.6, lines, size=7.8, colour="#ffffff") + 4


def _head(sheet: Sheet, invoice: Invoice) -> None:
    sheet.text(68, 36, "Rechnung", size=24, bold=True, colour=PINE)
    sheet.paragraph(68, 52, address(invoice.customer), size=10, leading=5)
    sheet.text(68, 67, f"UID des Kunden: {invoice.customer.vat_number}", size=8, colour=GREY)
    facts = (
        ("Rechnungsnr.", invoice.number),
        ("Datum", written(invoice, invoice.issue_date)),
        ("Lieferung am", written(invoice, given(invoice.delivery_date))),
        ("Bestellung", given(invoice.purchase_order)),
        ("Zahlbar bis", written(invoice, given(invoice.due_date))),
    )
    for position, (label, value) in enumerate(facts):
        y = 52 + 5.2 * position
        sheet.text(162, y, label, colour=GREY, align="right")
        sheet.text(166, y, value, bold=True)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    sheet.box(65, 88, 133, 8, fill=MINT)
    heading(sheet, COLUMNS, 93.3, colour=PINE)
    y = 103.0
    for line in invoice.lines:
        cell = cells(invoice, line)
        quantity = f"{cell['quantity']} {UNITS[line.unit]}"
        rate, net = f"{cell['rate']}%", f"EUR {cell['net']}"
        sheet.row(COLUMNS, (cell["description"], quantity, cell["price"], rate, net), y)
        y += 8
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sheet.rule(118, y - 8, 80, weight=0.8, colour=PINE)
    sums = [("Nettobetrag", invoice.subtotal)]
    for tax in invoice.taxes:
        label = f"{figure(invoice, tax.rate)}% USt von {figure(invoice, tax.base)}"
        sums.append((label, tax.amount))
    for label, value in sums:
        sheet.text(120, y, label)
        sheet.text(195, y, f"EUR {figure(invoice, value)}", align="right")
        y += 6
    sheet.box(118, y - 2, 80, 10, fill=PINE)
    total = f"EUR {figure(invoice, invoice.total)}"
    sheet.text(121, y + 4.5, "Bruttobetrag", size=11, bold=True, colour="#ffffff")
    sheet.text(195, y + 4.5, total, size=11, bold=True, colour="#ffffff", align="right")
    reference = f"Bitte geben Sie bei der Überweisung die Nummer {invoice.payment_reference} an."
    sheet.text(68, y + 26, reference)
    sheet.text(68, y + 31, "Diese Rechnung enthält ihre Daten auch als Factur-X (EN 16931).", colour=GREY)
