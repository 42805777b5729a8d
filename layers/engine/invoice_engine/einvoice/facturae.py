"""Spanish Facturae 3.0 to 3.2.2."""

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from invoice_engine.einvoice import values as v
from invoice_engine.einvoice.countries import ALPHA_2
from invoice_engine.einvoice.totals import complete_totals
from invoice_engine.model import EMPTY, Field, Invoice, Line, Party, Tax

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOT = "Facturae"
_CORRECTIVE_CLASSES = frozenset({"OR", "CR"})  # the original and the copy of a "factura rectificativa"
_RESIDENT, _RESIDENT_IN_EU = "R", "U"
# Facturae numbers its units; the rest of the engine has the codes of UN/ECE Recommendations 20 and 21.
_UNITS = MappingProxyType(
    {
        "01": "C62", "02": "HUR", "03": "KGM", "04": "LTR", "06": "XBX", "07": "XDS", "08": "XBA", "09": "XJY",
        "10": "XBG", "11": "XCO", "12": "XBO", "13": "XCI", "15": "CLT", "16": "CMT", "17": "XBI", "18": "DZN",
        "19": "XCS", "20": "XDJ", "21": "GRM", "22": "KMT", "23": "XCA", "24": "XBH", "25": "MTR", "26": "MMT",
        "28": "XPK", "30": "XRO", "31": "XEN", "32": "XTB", "33": "MTQ", "34": "SEC", "35": "WTT", "36": "KWH",
    }
)  # fmt: skip


def invoices(root: "_Element") -> "list[_Element]":
    """The invoices in `root`, which share the parties."""
    return v.children(root, "Invoices/Invoice")


def read_facturae(root: "_Element") -> Invoice:
    """The first invoice in `root`, an element called ROOT. Missing parts are empty fields."""
    document = v.child(root, "Invoices/Invoice")
    header = v.child(document, "InvoiceHeader")
    issued = v.child(document, "InvoiceIssueData")
    lines = v.children(document, "Items/InvoiceLine")
    order = v.text(issued, "ReceiverTransactionReference") or v.text(
        document, "Items/InvoiceLine/ReceiverTransactionReference"
    )
    payments = v.children(document, "PaymentDetails/Installment")
    invoice = Invoice(
        invoice_number=v.read(_number(v.text(header, "InvoiceSeriesCode"), v.text(header, "InvoiceNumber"))),
        issue_date=v.read(v.iso_date(v.text(issued, "IssueDate"))),
        due_date=v.read(v.iso_date(v.text(document, "PaymentDetails/Installment/InstallmentDueDate"))),
        currency=v.read(v.currency(v.text(issued, "InvoiceCurrencyCode"))),
        purchase_order=v.read(order),
        payment_reference=v.read(v.text(document, "PaymentDetails/Installment/PaymentReconciliationReference")),
        supplier=_party(v.child(root, "Parties/SellerParty")),
        customer=_party(v.child(root, "Parties/BuyerParty")),
        taxes=[row for tax in v.children(document, "TaxesOutputs/Tax") for row in _taxes(tax)],
        lines=[_line(line) for line in lines],
    )
    invoice.supplier.iban, invoice.supplier.bic = _account(payments, "AccountToBeCredited")
    invoice.customer.iban, invoice.customer.bic = _account(payments, "AccountToBeDebited")
    _add_totals(invoice, v.child(document, "InvoiceTotals"))
    is_negative = isinstance(invoice.total.value, Decimal) and invoice.total.value < 0
    is_credit = is_negative or v.text(header, "InvoiceClass") in _CORRECTIVE_CLASSES
    invoice.type = v.read(v.document_type(None, credit_note=is_credit))
    return invoice


def _number(series: str | None, number: str | None) -> str | None:
    """The series belongs to the number: in each series they begin anew. It is printed in front."""
    if number is None or series is None or number.startswith(series):
        return number
    return series + number


def _party(node: "_Element | None") -> Party:
    entity = v.child(node, "LegalEntity")
    if entity is None:
        entity = v.child(node, "Individual")
    address = v.child(entity, "AddressInSpain")
    if address is None:
        address = v.child(entity, "OverseasAddress")
    country = ALPHA_2.get(v.text(address, "CountryCode") or "")
    names = [v.text(entity, step) for step in ("Name", "FirstSurname", "SecondSurname")]
    town = v.joined([v.text(address, "PostCode"), v.text(address, "Town")], " ") or v.text(address, "PostCodeAndTown")
    number = v.identifier(v.text(node, "TaxIdentification/TaxIdentificationNumber"))
    residence = v.text(node, "TaxIdentification/ResidenceTypeCode")
    is_vat_number = residence in {_RESIDENT, _RESIDENT_IN_EU}
    return Party(
        name=v.read(v.text(entity, "CorporateName", "TradeName") or v.joined(names, " ")),
        vat_number=v.read(
            v.with_country(number, "ES" if residence == _RESIDENT else country) if is_vat_number else None
        ),
        tax_number=v.read(None if is_vat_number else number),
        address=v.read(v.joined([v.text(address, "Address"), town, v.text(address, "Province")])),
        country=v.read(country),
    )


def _account(payments: "list[_Element]", role: str) -> tuple[Field, Field]:
    return v.account(
        (v.account_word(v.text(one, f"{role}/IBAN")), v.account_word(v.text(one, f"{role}/BIC"))) for one in payments
    )


def _taxes(node: "_Element") -> list[Tax]:
    """A row of the tax, and one of the surcharge that retailers pay on the same base, if there is one."""
    base = v.read(v.decimal(v.text(node, "TaxableBase/TotalAmount")))
    rows = [Tax(_percent(node, "TaxRate"), base, v.read(v.decimal(v.text(node, "TaxAmount/TotalAmount"))))]
    surcharge = v.read(v.decimal(v.text(node, "EquivalenceSurchargeAmount/TotalAmount")))
    if surcharge.value:
        rows.append(Tax(_percent(node, "EquivalenceSurcharge"), amount=surcharge))
    return rows


def _percent(node: "_Element | None", path: str) -> Field:
    return v.read(v.percent(v.text(node, path)))


def _add_totals(invoice: Invoice, totals: "_Element | None") -> None:
    """The total of Facturae is what is left after taxes withheld; ours is the one before, and the amount due after."""

    def amount(name: str) -> Decimal | None:
        return v.decimal(v.text(totals, name))

    invoice.subtotal = v.read(amount("TotalGrossAmountBeforeTaxes"))
    invoice.tax_total = v.read(amount("TotalTaxOutputs"))
    stated, withheld = amount("InvoiceTotal"), amount("TotalTaxesWithheld") or Decimal(0)
    gross = v.total_of([amount("TotalGrossAmountBeforeTaxes"), amount("TotalTaxOutputs")])
    is_before = not withheld or stated is None or stated == gross
    invoice.total = v.read(stated) if is_before or stated is None else v.derived(stated + withheld)
    payable = amount("TotalExecutableAmount")
    if payable is None:
        payable = amount("TotalOutstandingAmount")
    invoice.amount_due = v.read(payable)
    complete_totals(invoice, prepaid=withheld, payable=payable)


def _line(node: "_Element") -> Line:
    unit = v.text(node, "UnitOfMeasure")
    subtotal = v.decimal(v.text(node, "GrossAmount", "TotalCost"))
    reductions = [
        *((None, v.text(one, "DiscountAmount")) for one in v.children(node, "DiscountsAndRebates/Discount")),
        *(("true", v.text(one, "ChargeAmount")) for one in v.children(node, "Charges/Charge")),
    ]
    return Line(
        description=v.read(v.text(node, "ItemDescription")),
        product_code=v.read(v.text(node, "ArticleCode")),
        quantity=v.read(v.decimal(v.text(node, "Quantity"))),
        unit=v.read(_UNITS.get(unit or "")),
        unit_price=v.read(v.decimal(v.text(node, "UnitPriceWithoutTax"))),
        discount=v.net_allowance(reductions) if reductions else EMPTY,
        tax_rate=_percent(node, "TaxesOutputs/Tax/TaxRate"),
        subtotal=v.read(subtotal),
    )
