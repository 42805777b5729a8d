"""Spanish, in typewriter face: too long for one page, so the sum is carried over and the totals follow."""

from decimal import Decimal

from samples.drawing import GREY, INK, Column, Sheet
from samples.layouts.common import address, cells, figure, heading, written
from samples.model import Invoice, given
from samples.wording import grouped

RUST = "#8a4b1f"
LINES_ON_FIRST_PAGE = 20
COLUMNS = (
    Column("Ref.", 16),
    Column("Concepto", 32),
    Column("Cant.", 138, "right"),
    Column("Precio", 160, "right"),
    Column("Importe", 194, "right"),
)


def draw(invoice: Invoice) -> bytes:
    sheet = Sheet(invoice.number, invoice.supplier.name, face="Courier")
    _letterhead(sheet, invoice)
    _parties(sheet, invoice)
    carried = _first_page(sheet, invoice)
    sheet.next_page()
    _letterhead(sheet, invoice)
    below = _second_page(sheet, invoice, carried)
    _totals(sheet, invoice, below + 12)
    return sheet.finish()


def _letterhead(sheet: Sheet, invoice: Invoice) -> None:
    sheet.circle(23, 20, 7, fill=RUST)
    sheet.box(17, 18.8, 12, 2.4, fill="#ffffff")
    sheet.text(34, 19, invoice.supplier.name, size=13, bold=True, colour=RUST)
    sheet.text(34, 24, ", ".join(address(invoice.supplier)[1:]), size=8, colour=GREY)
    sheet.text(194, 34, f"FACTURA {invoice.number}", size=12, bold=True, align="right")
    page = f"Página {sheet.canvas.getPageNumber()} de 2"
    sheet.text(194, 39, page, size=8, colour=GREY, align="right")
    sheet.rule(16, 42, 178, weight=1, colour=RUST)


def _parties(sheet: Sheet, invoice: Invoice) -> None:
    supplier, customer = invoice.supplier, invoice.customer
    facts = (
        f"Número de factura: {invoice.number}",
        f"Fecha de emisión:  {written(invoice, invoice.issue_date)}",
        f"Vencimiento:       {written(invoice, given(invoice.due_date))}",
        f"NIF-IVA:           {supplier.vat_number}",
        f"Su pedido:         {invoice.purchase_order}",
    )
    sheet.paragraph(16, 51, facts)
    theirs = ("Cliente:", *address(customer), f"NIF-IVA cliente: {customer.vat_number}")
    sheet.paragraph(112, 51, theirs)


def _first_page(sheet: Sheet, invoice: Invoice) -> Decimal:
    """Fill page 1 and return the sum carried over."""
    below = _table(sheet, invoice, 0, 86)
    carried = sum((line.net for line in invoice.lines[:LINES_ON_FIRST_PAGE]), Decimal("0.00"))
    sheet.text(160, below + 4, "Suma y sigue:", bold=True, align="right")
    sheet.text(194, below + 4, figure(invoice, carried), bold=True, align="right")
    return carried


def _second_page(sheet: Sheet, invoice: Invoice, carried: Decimal) -> float:
    sheet.text(160, 50, "Suma anterior:", bold=True, align="right")
    sheet.text(194, 50, figure(invoice, carried), bold=True, align="right")
    return _table(sheet, invoice, 1, 60)


def _table(sheet: Sheet, invoice: Invoice, page: int, y: float) -> float:
    heading(sheet, COLUMNS, y, colour=INK)
    sheet.rule(16, y + 2, 178)
    y += 8
    first = page * LINES_ON_FIRST_PAGE
    for line in invoice.lines[first : first + LINES_ON_FIRST_PAGE]:
        cell = cells(invoice, line)
        texts = (cell["code"], cell["description"], cell["quantity"], cell["price"], cell["net"])
        sheet.row(COLUMNS, texts, y)
        y += 8
    sheet.rule(16, y - 4, 178)
    return y


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    supplier = invoice.supplier
    payment = (
        "Forma de pago: transferencia a 30 días",
        f"IBAN: {grouped(given(supplier.iban), 4)}",
        f"BIC:  {supplier.bic}",
        given(supplier.email),
    )
    sheet.paragraph(16, y, payment, size=8)
    sheet.box(112, y - 8, 82, 32, stroke=RUST)
    sums = [("Base imponible", invoice.subtotal)]
    sums += [(f"IVA {figure(invoice, tax.rate)} %", tax.amount) for tax in invoice.taxes]
    for label, value in sums:
        sheet.text(116, y, label)
        sheet.text(190, y, f"{figure(invoice, value)} €", align="right")
        y += 7
    sheet.rule(116, y - 3, 74, weight=0.4)
    sheet.text(116, y + 4, "TOTAL FACTURA", size=11, bold=True)
    sheet.text(190, y + 4, f"{figure(invoice, invoice.total)} €", size=11, bold=True, align="right")
