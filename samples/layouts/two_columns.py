"""French: both parties side by side, labels above their values, a tax table left of the totals."""

from samples.drawing import GREY, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

TEAL = "#0b6e6e"
PALE = "#9bb8b6"
COLUMNS = (
    Column("Réf.", 18),
    Column("Désignation", 40),
    Column("Qté", 120, "right"),
    Column("P.U. HT", 145, "right"),
    Column("TVA", 163, "right"),
    Column("Montant HT", 192, "right"),
)
RATES = (Column("Taux", 18), Column("Base HT", 52, "right"), Column("Montant TVA", 80, "right"))


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _banner(sheet, invoice)
    _parties(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _taxes(sheet, invoice, below + 12)
    _totals(sheet, invoice, below + 12)
    _payment(sheet, invoice)
    return sheet.finish()


def _banner(sheet: Sheet, invoice: Invoice) -> None:
    sheet.box(0, 0, 210, 26, fill=TEAL)
    sheet.circle(22, 13, 5.5, fill="#ffffff")
    sheet.circle(29.5, 13, 4.2, fill="#bfe3df")
    sheet.circle(35.5, 13, 3, fill="#79c2bb")
    sheet.text(44, 14.8, invoice.supplier.name, size=14, bold=True, colour="#ffffff")
    sheet.text(195, 15.2, "FACTURE", size=18, bold=True, colour="#ffffff", align="right")


def _parties(sheet: Sheet, invoice: Invoice) -> None:
    supplier, customer = invoice.supplier, invoice.customer
    siren = f"SIREN : {supplier.registration}"
    own = (*address(supplier), siren, f"N° TVA : {grouped(given(supplier.vat_number), 2, 2, 3)}", given(supplier.email))
    theirs = (*address(customer), f"TVA client : {grouped(given(customer.vat_number), 2, 2, 3)}")
    for x, title, lines in ((15, "ÉMETTEUR", own), (109, "DESTINATAIRE", theirs)):
        sheet.box(x, 34, 86, 40, stroke=PALE)
        sheet.text(x + 4, 40, title, size=8, bold=True, colour=TEAL)
        sheet.paragraph(x + 4, 46, lines)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    facts = (
        ("Facture n°", invoice.number),
        ("Date de facturation", written(invoice, invoice.issue_date)),
        ("Échéance", written(invoice, given(invoice.due_date))),
        ("Votre commande", given(invoice.purchase_order)),
    )
    for position, (label, value) in enumerate(facts):
        x = 15 + 45 * position
        sheet.box(x, 82, 45, 15, fill="#eef6f5", stroke="#ffffff")
        sheet.text(x + 4, 87.5, label, size=7.5, colour=GREY)
        sheet.text(x + 4, 93.5, value, size=10, bold=True)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    heading(sheet, COLUMNS, 110, size=8.5, colour=TEAL)
    y = 113.0
    for line in invoice.lines:
        sheet.box(15, y, 180, 8, stroke=PALE)
        cell = cells(invoice, line)
        texts = (cell["code"], cell["description"], cell["quantity"], cell["price"])
        sheet.row(COLUMNS, [*texts, f"{cell['rate']} %", f"{cell['net']} €"], y + 5.3)
        y += 8
    return y


def _taxes(sheet: Sheet, invoice: Invoice, y: float) -> None:
    heading(sheet, RATES, y, size=8, colour=TEAL)
    for tax in invoice.taxes:
        y += 5.5
        texts = (f"{figure(invoice, tax.rate)} %", figure(invoice, tax.base), figure(invoice, tax.amount))
        sheet.row(RATES, texts, y, size=8.5)


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    for label, value in (("Total HT", invoice.subtotal), ("Total TVA", invoice.tax_total)):
        sheet.text(125, y, label)
        sheet.text(192, y, f"{figure(invoice, value)} €", align="right")
        y += 6
    sheet.box(121, y - 2.5, 74, 10, fill=TEAL)
    total = f"{figure(invoice, invoice.total)} €"
    sheet.text(125, y + 4, "Total TTC", size=11, bold=True, colour="#ffffff")
    sheet.text(192, y + 4, total, size=11, bold=True, colour="#ffffff", align="right")


def _payment(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    sheet.text(15, 235, "Règlement par virement", bold=True, colour=TEAL)
    sheet.text(15, 241, f"IBAN : {grouped(given(supplier.iban), 4)}     BIC : {supplier.bic}")
    terms = (
        "Pas d'escompte pour paiement anticipé. En cas de retard : pénalités au triple du taux légal",
        "et indemnité forfaitaire de 40 € pour frais de recouvrement.",
    )
    sheet.paragraph(15, 249, terms, size=7.5, leading=4, colour=GREY)
