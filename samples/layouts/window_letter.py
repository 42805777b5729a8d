"""German: a letter for a window envelope, facts in a block at the right, bank details in the footer."""

from samples.drawing import GREY, INK, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

BRICK = "#9c3d2e"
COLUMNS = (
    Column("Pos.", 20),
    Column("Bezeichnung", 32),
    Column("Menge", 118, "right"),
    Column("Einzelpreis", 143, "right"),
    Column("USt.", 161, "right"),
    Column("Gesamt", 190, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _letterhead(sheet, invoice)
    _facts(sheet, invoice)
    _salutation(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below)
    _footer(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    for step in range(4):
        sheet.box(167.5 + 6 * step, 23 - 3 * step, 4.5, 6 + 3 * step, fill=BRICK)
    sheet.text(162, 29, invoice.supplier.name, size=14, bold=True, colour=BRICK, align="right")
    sheet.text(20, 48, " · ".join(address(invoice.supplier)), size=7, colour=GREY)
    sheet.paragraph(20, 56, address(invoice.customer), size=10.5, leading=5)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    facts = (
        ("Rechnungsnummer", invoice.number),
        ("Rechnungsdatum", written(invoice, invoice.issue_date)),
        ("Lieferdatum", written(invoice, given(invoice.delivery_date))),
        ("Ansprechpartnerin", given(invoice.supplier.contact)),
    )
    for position, (label, value) in enumerate(facts):
        sheet.text(130, 56 + 5.2 * position, label, colour=GREY)
        sheet.text(190, 56 + 5.2 * position, value, align="right")


def _salutation(sheet: Sheet, invoice: Invoice) -> None:
    sheet.text(20, 98, f"Rechnung Nr. {invoice.number}", size=14, bold=True)
    opening = ("Sehr geehrte Damen und Herren,", "für die Ausstellung «Licht und Lehm» berechnen wir Ihnen:")
    sheet.paragraph(20, 107, opening, size=10, leading=6)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    sheet.rule(20, 120, 170)
    heading(sheet, COLUMNS, 125, colour=INK)
    sheet.rule(20, 127.5, 170)
    y = 134.0
    for position, line in enumerate(invoice.lines, start=1):
        cell = cells(invoice, line)
        texts = (str(position), cell["description"], cell["quantity"], cell["price"], f"{cell['rate']} %")
        sheet.row(COLUMNS, [*texts, f"{cell['net']} €"], y)
        y += 7
    sheet.rule(20, y - 2.5, 170)
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sums = [("Summe netto", invoice.subtotal)]
    for tax in invoice.taxes:
        label = f"zzgl. {figure(invoice, tax.rate)} % USt. auf {figure(invoice, tax.base)} €"
        sums.append((label, tax.amount))
    for label, value in sums:
        y += 5.5
        sheet.text(100, y, label)
        sheet.text(190, y, f"{figure(invoice, value)} €", align="right")
    y += 8
    sheet.text(100, y, "Rechnungsbetrag", size=11, bold=True)
    sheet.text(190, y, f"{figure(invoice, invoice.total)} €", size=11, bold=True, align="right")
    sheet.rule(100, y + 2, 90, weight=1.2)
    due = written(invoice, given(invoice.due_date))
    sheet.text(20, y + 18, f"Bitte überweisen Sie den Betrag ohne Abzug bis zum {due}.", size=10)


def _footer(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    registration = (given(supplier.registration), f"USt-IdNr.: {supplier.vat_number}", f"E-Mail: {supplier.email}")
    bank = ("Bank der Heinzelmännchen", f"IBAN: {grouped(given(supplier.iban), 4)}", f"BIC: {supplier.bic}")
    sheet.rule(20, 268, 170, weight=0.4, colour=GREY)
    for x, column in ((20, address(supplier)), (66, registration), (138, bank)):
        sheet.paragraph(x, 273, column, size=7.5, leading=3.8, colour=GREY)
