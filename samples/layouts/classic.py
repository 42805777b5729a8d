"""British: logo left, title right, labels left of their values, totals bottom right."""

from samples.drawing import GREY, Column, Sheet
from samples.layouts.common import cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

NAVY = "#1d3557"
COLUMNS = (
    Column("Item", 22),
    Column("Description", 42),
    Column("Qty", 128, "right"),
    Column("Unit price", 152, "right"),
    Column("VAT", 166, "right"),
    Column("Amount", 188, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name)
    _letterhead(sheet, invoice)
    _facts(sheet, invoice)
    below = _table(sheet, invoice)
    _totals(sheet, invoice, below + 6)
    _payment(sheet, invoice)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    supplier, customer = invoice.supplier, invoice.customer
    sheet.shape([(20, 30), (27, 16), (34, 30)], fill=NAVY)
    sheet.shape([(27, 30), (32, 20), (37, 30)], fill="#457b9d")
    sheet.text(41, 24, supplier.name, size=15, bold=True, colour=NAVY)
    sheet.text(41, 29.5, f"{supplier.street}, {supplier.city} {supplier.postcode}", size=8.5, colour=GREY)
    sheet.text(190, 25, "INVOICE", size=22, bold=True, colour=NAVY, align="right")
    sheet.rule(20, 36, 170, weight=1.2, colour=NAVY)
    sheet.text(20, 50, "Bill to", bold=True)
    sheet.paragraph(20, 55.5, (customer.name, customer.street, customer.city, customer.postcode), size=10)


def _facts(sheet: Sheet, invoice: Invoice) -> None:
    facts = (
        ("Invoice No:", invoice.number),
        ("Invoice date:", written(invoice, invoice.issue_date)),
        ("Due date:", written(invoice, given(invoice.due_date))),
        ("Your order:", given(invoice.purchase_order)),
        ("VAT Reg No:", grouped(given(invoice.supplier.vat_number), 2, 3, 4, 2)),
    )
    for position, (label, value) in enumerate(facts):
        sheet.text(122, 50 + 5.4 * position, label, bold=True)
        sheet.text(152, 50 + 5.4 * position, value)


def _table(sheet: Sheet, invoice: Invoice) -> float:
    sheet.box(20, 88, 170, 8, fill=NAVY)
    heading(sheet, COLUMNS, 93.3, colour="#ffffff")
    y = 102.0
    for line in invoice.lines:
        cell = cells(invoice, line)
        texts = (cell["code"], cell["description"], cell["quantity"], cell["price"])
        sheet.row(COLUMNS, [*texts, f"{cell['rate']}%", f"£{cell['net']}"], y)
        sheet.rule(20, y + 3, 170, weight=0.3, colour="#c5ccd6")
        y += 8.5
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sums = [("Subtotal", invoice.subtotal)]
    sums += [(f"VAT @ {figure(invoice, tax.rate)}%", tax.amount) for tax in invoice.taxes]
    for label, value in sums:
        sheet.text(130, y, label)
        sheet.text(188, y, f"£{figure(invoice, value)}", align="right")
        y += 6.5
    sheet.box(126, y - 2, 64, 9, fill="#e8eef4")
    sheet.text(130, y + 4, "Total due", size=11, bold=True)
    sheet.text(188, y + 4, f"£{figure(invoice, invoice.total)}", size=11, bold=True, align="right")


def _payment(sheet: Sheet, invoice: Invoice) -> None:
    supplier = invoice.supplier
    account = f"IBAN {grouped(given(supplier.iban), 4)}    BIC {supplier.bic}"
    terms = "Please pay by bank transfer in pounds sterling, within 30 days."
    sheet.text(20, 238, "How to pay", bold=True)
    sheet.paragraph(20, 244, (account, f"Reference {invoice.payment_reference}", terms))
    sheet.rule(20, 274, 170, weight=0.4, colour=GREY)
    contact = f"{supplier.name}  ·  {supplier.email}  ·  {supplier.phone}"
    sheet.text(105, 279, contact, size=8, colour=GREY, align="centre")
