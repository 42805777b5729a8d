"""UN/CEFACT Cross Industry Invoice: ZUGFeRD 1 and 2, Factur-X, XRechnung, every profile.

ZUGFeRD 1 names the same parts differently; each path below is given in its present form first, then in the old one.
"""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from invoice_engine.einvoice import values as v
from invoice_engine.einvoice.totals import complete_totals
from invoice_engine.model import EMPTY, Field, Invoice, Line, Party, Tax

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOTS = frozenset({"CrossIndustryInvoice", "CrossIndustryDocument"})

# In the EXTENDED profile a line may only head others or inform; its amounts are repeated by the detail lines.
_LINES_WITHOUT_AMOUNT_OF_THEIR_OWN = frozenset({"GROUP", "INFORMATION"})


def read_cii(root: "_Element") -> Invoice:
    """The invoice in `root`, an element with one of the names in ROOTS. Missing parts are empty fields."""
    document = _first(root, "ExchangedDocument", "HeaderExchangedDocument")
    trade = _first(root, "SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction")
    agreement = _first(trade, "ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement")
    settlement = _first(trade, "ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement")
    currency = v.currency(v.text(settlement, "InvoiceCurrencyCode"))
    order = ("BuyerOrderReferencedDocument/IssuerAssignedID", "BuyerOrderReferencedDocument/ID")
    invoice = Invoice(
        invoice_number=v.read(v.text(document, "ID")),
        issue_date=v.read(v.cii_date(v.child(document, "IssueDateTime/DateTimeString"))),
        due_date=v.read(_due_date(settlement)),
        type=v.read(v.document_type(v.text(document, "TypeCode"))),
        currency=v.read(currency),
        purchase_order=v.read(v.text(agreement, *order)),
        payment_reference=v.read(v.text(settlement, "PaymentReference")),
        supplier=_party(v.child(agreement, "SellerTradeParty")),
        customer=_party(v.child(agreement, "BuyerTradeParty")),
        taxes=[_tax(tax) for tax in v.children(settlement, "ApplicableTradeTax")],
        lines=[_line(line) for line in v.children(trade, "IncludedSupplyChainTradeLineItem") if _counts(line)],
    )
    _add_accounts(invoice, settlement)
    _add_totals(invoice, settlement, currency)
    return invoice


def _first(node: "_Element | None", *names: str) -> "_Element | None":
    return next((found for name in names if (found := v.child(node, name)) is not None), None)


def _due_date(settlement: "_Element | None") -> date | None:
    for terms in v.children(settlement, "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"):
        if day := v.cii_date(terms):
            return day
    return None


def _party(node: "_Element | None") -> Party:
    address = v.child(node, "PostalTradeAddress")
    registrations = {
        (ident.get("schemeID") or "").upper(): v.identifier(v.own_text(ident))
        for ident in reversed(v.children(node, "SpecifiedTaxRegistration/ID"))
    }
    country = v.country(v.text(address, "CountryID"))
    vat_number, tax_number = registrations.get("VA"), registrations.get("FC")
    if vat_number is None:
        # Some leave the scheme away, or know only one.
        vat_number = next((one for one in registrations.values() if v.is_vat_number_of(one, country)), None)
        tax_number = None if tax_number == vat_number else tax_number
    name = v.text(node, "Name", "SpecifiedLegalOrganization/TradingBusinessName", "DefinedTradeContact/PersonName")
    town = v.joined([v.text(address, "PostcodeCode"), v.text(address, "CityName")], " ")
    streets = [v.text(address, step) for step in ("LineOne", "LineTwo", "LineThree")]
    return Party(
        name=v.read(name),
        vat_number=v.read(vat_number),
        tax_number=v.read(tax_number),
        address=v.read(v.joined([*streets, town, v.text(address, "CountrySubDivisionName")])),
        country=v.read(country),
    )


def _add_accounts(invoice: Invoice, settlement: "_Element | None") -> None:
    """The payee's account is the supplier's, the debtor's (of a direct debit) the customer's."""
    payees, debtors = [], []
    for means in v.children(settlement, "SpecifiedTradeSettlementPaymentMeans"):
        account = v.child(means, "PayeePartyCreditorFinancialAccount")
        # The elements for an IBAN and a BIC hold nothing else; the one for domestic numbers may hold an IBAN, too.
        stated = v.account_word(v.text(account, "IBANID"))
        iban = v.iban(stated) or v.iban(v.text(account, "ProprietaryID")) or stated
        payees.append((iban, v.account_word(v.text(means, "PayeeSpecifiedCreditorFinancialInstitution/BICID"))))
        debtor = v.account_word(v.text(means, "PayerPartyDebtorFinancialAccount/IBANID"))
        debtors.append((debtor, v.account_word(v.text(means, "PayerSpecifiedDebtorFinancialInstitution/BICID"))))
    invoice.supplier.iban, invoice.supplier.bic = v.account(payees)
    invoice.customer.iban, invoice.customer.bic = v.account(debtors)


def _tax(node: "_Element") -> Tax:
    return Tax(
        rate=v.read(v.percent(v.text(node, "RateApplicablePercent", "ApplicablePercent"))),
        base=v.read(v.decimal(v.text(node, "BasisAmount"))),
        amount=v.read(v.decimal(v.text(node, "CalculatedAmount"))),
    )


def _add_totals(invoice: Invoice, settlement: "_Element | None", currency: str | None) -> None:
    summation = _first(
        settlement,
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        "SpecifiedTradeSettlementMonetarySummation",
    )

    def amount(name: str) -> Decimal | None:
        return v.decimal(v.own_text(v.in_currency(v.children(summation, name), currency)))

    invoice.subtotal = v.read(amount("TaxBasisTotalAmount"))
    invoice.tax_total = v.read(amount("TaxTotalAmount"))
    invoice.total = v.read(amount("GrandTotalAmount"))
    payable = amount("DuePayableAmount")
    invoice.amount_due = v.read(payable)
    complete_totals(invoice, prepaid=amount("TotalPrepaidAmount"), payable=payable)


def _counts(line: "_Element") -> bool:
    """Whether a line is one of goods or services, and not a heading or a remark."""
    status = v.text(line, "AssociatedDocumentLineDocument/LineStatusReasonCode")
    if status in _LINES_WITHOUT_AMOUNT_OF_THEIR_OWN:
        return False
    return v.text(line, "SpecifiedTradeProduct/Name") is not None or _line_amount(line) is not None


def _line(node: "_Element") -> Line:
    agreement = _first(node, "SpecifiedLineTradeAgreement", "SpecifiedSupplyChainTradeAgreement")
    delivery = _first(node, "SpecifiedLineTradeDelivery", "SpecifiedSupplyChainTradeDelivery")
    settlement = _first(node, "SpecifiedLineTradeSettlement", "SpecifiedSupplyChainTradeSettlement")
    product = v.child(node, "SpecifiedTradeProduct")
    quantity = v.child(delivery, "BilledQuantity")
    price = _first(agreement, "NetPriceProductTradePrice", "GrossPriceProductTradePrice")
    rate = v.text(settlement, "ApplicableTradeTax/RateApplicablePercent", "ApplicableTradeTax/ApplicablePercent")
    gross = v.text(settlement, "SpecifiedTradeSettlementLineMonetarySummation/GrandTotalAmount")
    return Line(
        description=v.read(v.text(product, "Name", "Description")),
        product_code=v.read(v.text(product, "SellerAssignedID", "GlobalID", "BuyerAssignedID")),
        quantity=v.read(v.decimal(v.own_text(quantity))),
        unit=v.read(quantity.get("unitCode") if quantity is not None else None),
        unit_price=v.unit_price(v.text(price, "ChargeAmount"), v.text(price, "BasisQuantity")),
        discount=_discount(settlement),
        tax_rate=v.read(v.percent(rate)),
        subtotal=v.read(_line_amount(node)),
        total=v.read(v.decimal(gross)),
    )


def _line_amount(line: "_Element") -> Decimal | None:
    return v.decimal(
        v.text(
            line,
            "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",
            "SpecifiedSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/LineTotalAmount",
        )
    )


def _discount(settlement: "_Element | None") -> Field:
    reductions = v.children(settlement, "SpecifiedTradeAllowanceCharge")
    if not reductions:
        return EMPTY
    return v.net_allowance(
        (v.text(node, "ChargeIndicator/Indicator", "ChargeIndicator"), v.text(node, "ActualAmount"))
        for node in reductions
    )
