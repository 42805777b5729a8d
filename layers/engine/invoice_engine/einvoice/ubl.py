"""OASIS UBL 2.x Invoice and CreditNote: Peppol BIS 3, XRechnung, EN 16931."""

from decimal import Decimal
from typing import TYPE_CHECKING

from invoice_engine.einvoice import values as v
from invoice_engine.einvoice.totals import complete_totals
from invoice_engine.model import EMPTY, Field, Invoice, Line, Party, Tax

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACES = {
    "Invoice": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "CreditNote": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
}
NO_ORDER = "NA"  # Peppol wants something here when only the seller's own order number is known


def is_ubl(root: "_Element") -> bool:
    return root.tag in {f"{{{namespace}}}{name}" for name, namespace in NAMESPACES.items()}


def read_ubl(root: "_Element") -> Invoice:
    """The invoice or credit note in `root`. Missing parts are empty fields."""
    credit_note = root.tag.endswith("}CreditNote")
    currency = v.currency(v.text(root, "DocumentCurrencyCode"))
    order = v.text(root, "OrderReference/ID")
    tax_total = _tax_total(root, currency)
    lines = v.children(root, "CreditNoteLine" if credit_note else "InvoiceLine")
    invoice = Invoice(
        invoice_number=v.read(v.text(root, "ID")),
        issue_date=v.read(v.iso_date(v.text(root, "IssueDate"))),
        due_date=v.read(
            v.iso_date(v.text(root, "DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate"))
        ),
        type=v.read(v.document_type(v.text(root, "InvoiceTypeCode", "CreditNoteTypeCode"), credit_note=credit_note)),
        currency=v.read(currency),
        purchase_order=v.read(None if order == NO_ORDER else order),
        payment_reference=v.read(v.text(root, "PaymentMeans/PaymentID")),
        supplier=_party(v.child(root, "AccountingSupplierParty/Party")),
        customer=_party(v.child(root, "AccountingCustomerParty/Party")),
        taxes=[_tax(tax) for tax in v.children(tax_total, "TaxSubtotal")],
        lines=[_line(line) for line in lines],
    )
    _add_accounts(invoice, root)
    _add_totals(invoice, root, tax_total)
    return invoice


def _tax_total(root: "_Element", currency: str | None) -> "_Element | None":
    """The TaxTotal in the document's currency: a second one may restate the tax in the accounting currency."""
    amount = v.in_currency(v.children(root, "TaxTotal/TaxAmount"), currency)
    return None if amount is None else amount.getparent()


def _party(node: "_Element | None") -> Party:
    address = v.child(node, "PostalAddress")
    name = v.text(node, "PartyLegalEntity/RegistrationName", "PartyName/Name", "Contact/Name") or v.joined(
        [v.text(node, "Person/FirstName"), v.text(node, "Person/FamilyName")], " "
    )
    street = v.text(address, "StreetName", "AddressLine/Line")
    street = v.joined([street, v.text(address, "BuildingNumber")], " ")
    extra = None if v.child(address, "StreetName") is None else v.text(address, "AddressLine/Line")
    town = v.joined([v.text(address, "PostalZone"), v.text(address, "CityName")], " ")
    region = v.text(address, "CountrySubentity")
    streets = [street, v.text(address, "AdditionalStreetName"), extra]
    country = v.country(v.text(address, "Country/IdentificationCode"))
    vat_number, tax_number = _tax_numbers(node, country)
    return Party(
        name=v.read(name),
        vat_number=v.read(vat_number),
        tax_number=v.read(tax_number),
        address=v.read(v.joined([*streets, town, region])),
        country=v.read(country),
    )


def _tax_numbers(node: "_Element | None", country: str | None) -> tuple[str | None, str | None]:
    """The VAT number and another one. VAT goes by other names where a country has its own rules for UBL."""
    vat_number = tax_number = None
    for scheme in v.children(node, "PartyTaxScheme"):
        number = v.identifier(v.text(scheme, "CompanyID"))
        if (v.text(scheme, "TaxScheme/ID") or "").upper() == "VAT":
            vat_number = vat_number or number
        else:
            tax_number = tax_number or number
    if vat_number is None and v.is_vat_number_of(tax_number, country):
        return tax_number, None
    return vat_number, tax_number


def _add_accounts(invoice: Invoice, root: "_Element") -> None:
    """The payee's account is the supplier's, the one of a direct debit mandate the customer's."""
    payees, debtors = [], []
    for means in v.children(root, "PaymentMeans"):
        account = v.child(means, "PayeeFinancialAccount")
        bank = ("FinancialInstitutionBranch/ID", "FinancialInstitutionBranch/FinancialInstitution/ID")
        payees.append((v.iban(v.text(account, "ID")), v.bic(v.text(account, *bank))))
        debtors.append((v.iban(v.text(means, "PaymentMandate/PayerFinancialAccount/ID")), None))
    invoice.supplier.iban, invoice.supplier.bic = v.account(payees)
    invoice.customer.iban, invoice.customer.bic = v.account(debtors)


def _tax(node: "_Element") -> Tax:
    return Tax(
        rate=v.read(v.percent(v.text(node, "TaxCategory/Percent", "Percent"))),
        base=v.read(v.decimal(v.text(node, "TaxableAmount"))),
        amount=v.read(v.decimal(v.text(node, "TaxAmount"))),
    )


def _add_totals(invoice: Invoice, root: "_Element", tax_total: "_Element | None") -> None:
    totals = v.child(root, "LegalMonetaryTotal")

    def amount(name: str) -> Decimal | None:
        return v.decimal(v.text(totals, name))

    invoice.subtotal = v.read(amount("TaxExclusiveAmount"))
    invoice.tax_total = v.read(v.decimal(v.text(tax_total, "TaxAmount")))
    invoice.total = v.read(amount("TaxInclusiveAmount"))
    payable = amount("PayableAmount")
    invoice.amount_due = v.read(payable)
    complete_totals(invoice, prepaid=amount("PrepaidAmount"), payable=payable)


def _line(node: "_Element") -> Line:
    item = v.child(node, "Item")
    quantity = v.child(node, "InvoicedQuantity")
    if quantity is None:
        quantity = v.child(node, "CreditedQuantity")
    codes = ("SellersItemIdentification/ID", "StandardItemIdentification/ID", "BuyersItemIdentification/ID")
    rate = v.text(item, "ClassifiedTaxCategory/Percent") or v.text(node, "TaxTotal/TaxSubtotal/TaxCategory/Percent")
    return Line(
        description=v.read(v.text(item, "Name", "Description")),
        product_code=v.read(v.text(item, *codes)),
        quantity=v.read(v.decimal(v.own_text(quantity))),
        unit=v.read(quantity.get("unitCode") if quantity is not None else None),
        unit_price=v.unit_price(v.text(node, "Price/PriceAmount"), v.text(node, "Price/BaseQuantity")),
        discount=_discount(node),
        tax_rate=v.read(v.percent(rate)),
        subtotal=v.read(v.decimal(v.text(node, "LineExtensionAmount"))),
    )


def _discount(line: "_Element") -> Field:
    reductions = v.children(line, "AllowanceCharge")
    if not reductions:
        return EMPTY
    return v.net_allowance((v.text(node, "ChargeIndicator"), v.text(node, "Amount")) for node in reductions)
